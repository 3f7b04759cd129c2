"""Base classes of the admin, and the people who log in."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from veyra.models import User


class VeyraAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """Every admin page of Veyra."""

    warn_unsaved_form = True
    list_filter_submit = True

    def get_list_display(self, request: HttpRequest) -> Sequence[Any]:
        """Rows of the demo wear a badge, in a column that is there as long as they are."""
        columns: Sequence[Any] = super().get_list_display(request)
        has_demo = hasattr(self.model, "is_demo")
        if has_demo and self.get_queryset(request).filter(is_demo=True).exists():
            return (*columns, "demo_badge")
        return columns

    @display(description=_("demo"), label=True)  # type: ignore[untyped-decorator]  # unfold's
    def demo_badge(self, row: Any) -> Any:
        return _("demo") if row.is_demo else ""


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
