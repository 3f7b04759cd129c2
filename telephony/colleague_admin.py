"""Pages of our people, and of groups of them."""

import json
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import TabularInline
from unfold.decorators import display

from agentworker.hours.week import short_days
from telephony.call_admin import unbroken
from telephony.colleague_forms import ColleagueForm, MemberForm, Members, TeamForm
from telephony.keeping import ArchivedFilter
from telephony.models import Colleague, Member, Team
from telephony.sync import TASK
from veyra import audit
from veyra.admin import VeyraAdmin
from veyra.celery import wake


class PeopleAdmin(VeyraAdmin):
    """Rows that are put away by their own switch, never deleted."""

    list_filter: tuple[Any, ...] = (ArchivedFilter,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.model.objects.visible_to(request.user)  # type: ignore[no-any-return]  # unfold ships no types

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_related(
        self, request: HttpRequest, form: "ModelForm[Any]", formsets: Any, change: bool
    ) -> None:
        """How long assistants wait for these people stands in what LiveKit is given."""
        super().save_related(request, form, formsets, change)
        wake(TASK)


@admin.register(Colleague)
class ColleagueAdmin(PeopleAdmin):
    form = ColleagueForm
    purpose = gettext_lazy(
        "The people whom calls can be given to: before the assistant, instead of it, or by a"
        " transfer. Each has a telephone, or a browser that rings."
    )
    list_display = ("person", "shown_phone", "login", "hours", "stands")
    list_select_related = ("user",)
    search_fields = ("name", "phone")
    fieldsets = (
        (None, {"fields": ("name", "phone", "user", "in_browser")}),
        (
            gettext_lazy("When this colleague is rung"),
            {"fields": ("days", "begins", "ends", "away")},
        ),
        (gettext_lazy("Details"), {"classes": ("collapse",), "fields": ("is_gone",)}),
    )

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("veyra/colleague.css",)}

    @admin.display(description=gettext_lazy("colleague"), ordering="name")
    def person(self, row: Colleague) -> str:
        return row.name

    @admin.display(description=gettext_lazy("telephone"), ordering="phone")
    def shown_phone(self, row: Colleague) -> SafeString | str:
        return unbroken(row.pretty_phone) if row.phone else "—"

    @admin.display(description=gettext_lazy("rings in the browser"))
    def login(self, row: Colleague) -> str:
        if not row.rings_in_browser or row.user is None:
            return "—"
        return row.user.get_full_name() or row.user.get_username()

    @admin.display(description=gettext_lazy("works"))
    def hours(self, row: Colleague) -> str:
        days = short_days(row.days) or _("every day")
        if row.begins is None or row.ends is None:
            return days
        times = f"{time_format(row.begins, 'H:i')}–{time_format(row.ends, 'H:i')}"
        return f"{days}, {times}"

    @display(  # type: ignore[untyped-decorator]  # unfold ships no types
        description=gettext_lazy("state"),
        label={"here": "success", "away": "warning", "off": "info", "gone": "danger"},
    )
    def stands(self, row: Colleague) -> tuple[str, str]:
        if not row.can_be_reached:
            return "gone", _("cannot be reached")
        if row.away:
            return "away", _("away")
        local = timezone.localtime(timezone.now(), timezone.get_default_timezone())
        return ("here", _("is here")) if row.hours.include(local) else ("off", _("not at work"))


class MemberInline(TabularInline):  # type: ignore[misc]  # unfold ships no types
    model = Member
    form = MemberForm
    formset = Members
    fields = ("place", "colleague", "seconds")
    ordering = ("place", "pk")
    extra = 1
    hide_title = True
    verbose_name = gettext_lazy("colleague")
    verbose_name_plural = gettext_lazy("who is rung, one after the other")

    class Media:
        js = ("veyra/places.js",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Member]:
        return Member.objects.visible_to(request.user)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("queryset", Colleague.objects.visible_to(request.user).kept())
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    # A place belongs to its group: who may change the group may change who is in it.

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("telephony.view_team")

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        rights = ("telephony.add_team", "telephony.change_team")
        return any(map(request.user.has_perm, rights))

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return self.has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return self.has_add_permission(request)


@admin.register(Team)
class TeamAdmin(PeopleAdmin):
    form = TeamForm
    inlines = (MemberInline,)
    purpose = gettext_lazy(
        "Colleagues who are rung one after the other, until somebody answers: a department, or who"
        " is on duty."
    )
    list_display = ("name", "members")
    search_fields = ("name",)
    fieldsets = (
        (None, {"fields": ("name",)}),
        (gettext_lazy("Details"), {"classes": ("collapse",), "fields": ("is_gone",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        kept = Q(members__colleague__archived_at=None)
        return Team.objects.visible_to(request.user).annotate(people=Count("members", filter=kept))

    def get_inline_formsets(self, *args: Any, **kwargs: Any) -> Any:
        """What the button under the rows says is Django's, and no Russian."""
        formsets = super().get_inline_formsets(*args, **kwargs)
        for each in formsets:
            told = json.loads(each.inline_formset_data())
            told["options"]["addText"] = _("Add a colleague")
            each.inline_formset_data = json.dumps(told)
        return formsets

    def save_related(
        self, request: HttpRequest, form: "ModelForm[Any]", formsets: Any, change: bool
    ) -> None:
        """Who is in the group stands in rows of others, and is told as the group's own."""
        before = _in_order(form.instance)
        super().save_related(request, form, formsets, change)
        after = _in_order(form.instance)
        if change and before != after:
            audit.record(form.instance, {"members": [before, after]})

    @admin.display(description=gettext_lazy("colleagues"), ordering="people")
    def members(self, row: Any) -> int:
        count: int = row.people
        return count


def _in_order(team: Team) -> list[str]:
    """Who is rung, and for how many seconds."""
    places = team.members.select_related("colleague").order_by("place", "pk")
    return [f"{place.colleague.name} ({place.seconds})" for place in places]
