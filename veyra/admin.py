"""Base classes of the admin, and the people who log in."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from veyra.models import User


class VeyraAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """Every admin page of Veyra."""

    warn_unsaved_form = True
    list_filter_submit = True


class MachineRowAdmin(VeyraAdmin):
    """Rows that a machine writes and people read."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, VeyraAdmin):
    pass


@admin.register(User)
class UserAdmin(DjangoUserAdmin, VeyraAdmin):  # type: ignore[type-arg]  # generic only in the stubs
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
