"""Pages of the line as staff describe it; each row says how it stands in LiveKit."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import BooleanField, QuerySet, Value
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action, display

from agentworker.models import Agent
from telephony import (  # noqa: F401  # they register their pages
    agent_admin,
    blocked_admin,
    call_admin,
    callback_admin,
    colleague_admin,
    outbound_admin,
    outbound_forms,
    scheduled_admin,
    signing,
)
from telephony.forms import DispatchRuleForm, GatewayForm, PhoneNumberForm, TrunkForm
from telephony.keeping import EditingAdmin
from telephony.light_admin import Lit
from telephony.links import DECIDES
from telephony.models import DispatchRule, Gateway, PhoneNumber, PublishedObject, Trunk
from telephony.number_admin import NumberFiles, Wizard
from telephony.numbers import pretty
from telephony.providers import find
from telephony.signing_admin import CONDITIONS, WAY, WAY_DETAILS, SignsIn
from telephony.standing import Standing, look_up
from telephony.sync import TASK
from veyra.admin import CountedChangeList, MachineRowAdmin, VeyraAdmin
from veyra.celery import wake
from veyra.sentences import Sentence

TRY_AGAIN = {
    "title": gettext_lazy("Try again"),
    "description": gettext_lazy("Veyra brings LiveKit to what is saved here, now."),
    "form_class": None,
    "form_submit_text": gettext_lazy("Try again"),
}
DETAILS = gettext_lazy("Details")
PEOPLE_FIELDS = ("first", "fallback", "when_full", "apology")


def badge(row: Any) -> SafeString:
    """How a row of WishAdmin.get_queryset stands; static/veyra/standing.js keeps it up to date."""
    standing = Standing.of(row)
    colours = {
        "success": "text-green-700 dark:text-green-400",
        "warning": "text-orange-700 dark:text-orange-400",
        "danger": "text-red-700 dark:text-red-400",
        "info": "text-font-subtle-light dark:text-font-subtle-dark",
    }
    return format_html(
        '<span class="{}" data-standing="{}" data-colour="{}">{}{}</span>',
        colours[standing.colour],
        row.key,
        standing.colour,
        standing.text,
        _to_differences(row) if standing.differs else "",
    )


def _to_differences(row: Any) -> SafeString:
    if not row.may_decide:
        return format_html(" {}", _("Ask the owner of this line to decide."))
    text = _("Look at the differences")
    return format_html(' <a class="underline" href="{}">{}</a>', reverse("differences"), text)


def the_only(rows: QuerySet[Any]) -> int | None:
    """The key of the one row, which a new form offers; None where there are none or several."""
    found = list(rows.values_list("pk", flat=True)[:2])
    return found[0] if len(found) == 1 else None


class StandingList(CountedChangeList):
    """A page of rows, looked up in LiveKit all at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        look_up(self.result_list)


class TrunkList(StandingList):
    """Likewise, and how each signs in."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        signing.attach(self.result_list)


class WishAdmin(EditingAdmin):
    """A row that is published, with how it stands."""

    class Media:
        js = ("veyra/standing.js",)

    readonly_fields: tuple[str, ...] = ("standing",)
    # Of no use on the page of a new row.
    later: tuple[str, ...] = ("standing",)
    actions_detail: tuple[str, ...] = ("try_again",)
    actions_list: tuple[str, ...] = ("try_again_all",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        may_decide = Value(request.user.has_perms(DECIDES), output_field=BooleanField())
        rows = self.model.objects.visible_to(request.user)
        return rows.annotate(may_decide=may_decide)  # type: ignore[no-any-return]  # unfold ships no types

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return StandingList

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[tuple[Any, Any]]:
        fieldsets = super().get_fieldsets(request, obj)
        if obj:
            return fieldsets
        return [(title, options | {"fields": self._first(options)}) for title, options in fieldsets]

    def _first(self, options: dict[str, Any]) -> list[str]:
        return [field for field in options["fields"] if field not in self.later]

    @admin.display(description=gettext_lazy("state"))
    def standing(self, row: Any) -> SafeString:
        return badge(row)

    @action(  # type: ignore[untyped-decorator]  # unfold ships no types
        description=gettext_lazy("Try again"),
        permissions=["change"],
        icon="refresh",
        dialog=TRY_AGAIN,
    )
    def try_again(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._look_again(request, "change", object_id)

    @action(  # type: ignore[untyped-decorator]  # unfold ships no types
        description=gettext_lazy("Try again"),
        permissions=["change"],
        icon="refresh",
        url_path="try-again-all",
        dialog=TRY_AGAIN,
    )
    def try_again_all(self, request: HttpRequest, form: Any) -> HttpResponse:
        return self._look_again(request, "changelist")

    def _look_again(self, request: HttpRequest, page: str, *args: str) -> HttpResponse:
        wake(TASK)
        messages.success(request, _("Veyra tries again now. The state below changes by itself."))
        meta = self.model._meta
        url = reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=args)
        if request.headers.get("HX-Request"):
            return HttpResponse(headers={"HX-Redirect": url})
        return redirect(url)


@admin.register(Gateway)
class GatewayAdmin(VeyraAdmin):
    form = GatewayForm

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """There is one: it is opened at once."""
        return redirect("admin:telephony_gateway_change", Gateway.get().pk)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Gateway]:
        return Gateway.objects.visible_to(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Trunk)
class TrunkAdmin(Wizard, SignsIn, WishAdmin):
    form = TrunkForm
    actions_list = ("wizard", *WishAdmin.actions_list)
    actions_detail = ("change_password", *WishAdmin.actions_detail)
    list_display = ("name", "shown_provider", "who_may_call", "standing")
    list_filter = ("is_active",)
    search_fields = ("name", "provider")
    readonly_fields = ("standing", "who_may_call", "signs_in", "sign_ins")
    later = (
        "standing",
        "who_may_call",
        "signs_in",
        "sign_ins",
        "remove_login",
        "remove_out_login",
    )
    purpose = gettext_lazy("The providers who send us calls: their addresses, or a login.")
    fieldsets = (
        (None, {"fields": ("name", "is_active", "standing")}),
        (gettext_lazy("How calls reach us"), {"fields": WAY}),
        *outbound_forms.FIELDSETS,
        (DETAILS, {"classes": ("collapse",), "fields": ("provider", "spelling", *WAY_DETAILS)}),
    )
    conditional_fields: ClassVar[dict[str, str]] = CONDITIONS

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return TrunkList

    @action(  # type: ignore[untyped-decorator]  # unfold ships no types
        description=gettext_lazy("Change password"), permissions=["change"], icon="password"
    )
    def change_password(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return redirect("trunk-password", object_id)

    @admin.display(description=gettext_lazy("provider"), ordering="provider")
    def shown_provider(self, trunk: Trunk) -> str:
        preset = find(trunk.provider)
        return str(Sentence(preset.name)) if preset else "—"

    @admin.display(description=gettext_lazy("who may call"))
    def who_may_call(self, trunk: Trunk) -> SafeString | str:
        if trunk.register_at:
            return _("The provider that we sign in at")
        if trunk.addresses and trunk.username:
            return _("The provider's addresses, with the login")
        if trunk.addresses:
            return _("The provider's addresses")
        if trunk.username:
            return _("Whoever has the login")
        return format_html(
            '<strong class="text-red-700 dark:text-red-400">{}</strong>',
            _("Open: anybody on the internet"),
        )


@admin.register(PhoneNumber)
class PhoneNumberAdmin(Lit, NumberFiles, WishAdmin):
    form = PhoneNumberForm
    # A page of ten thousand numbers opens as fast as one of ten.
    list_per_page = 25
    actions_list = ("hours", "test_route", "file", *WishAdmin.actions_list)
    list_display = ("shown", "label", "trunk", "short_standing", "light")
    list_filter = ("trunk", "is_active")
    list_select_related = ("trunk",)
    search_fields = ("number", "label")
    purpose = gettext_lazy("The numbers that people dial, and the provider of each.")
    fieldsets = (
        (None, {"fields": ("number", "label", "trunk", "reserve", "is_active", "standing")}),
    )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        trunk = the_only(Trunk.objects.visible_to(request.user).kept())
        return {"trunk": trunk, **super().get_changeform_initial_data(request)}

    @admin.display(description=gettext_lazy("number"), ordering="number")
    def shown(self, number: PhoneNumber) -> SafeString:
        return call_admin.unbroken(pretty(number.number))


@admin.register(DispatchRule)
class DispatchRuleAdmin(WishAdmin):
    form = DispatchRuleForm
    list_display = ("name", "agent", "standing")
    list_filter = ("agent", "is_active")
    list_select_related = ("agent",)
    search_fields = ("name",)
    purpose = gettext_lazy("Which assistant answers which numbers.")
    autocomplete_fields = ("numbers", "trunks")
    fieldsets = (
        (None, {"fields": ("name", "agent", "numbers", "trunks", "is_active", "standing")}),
        (gettext_lazy("People"), {"fields": PEOPLE_FIELDS}),
        (gettext_lazy("Recording"), {"fields": ("recording",)}),
        (gettext_lazy("Only some calls"), {"fields": ("pin", "callers")}),
        (DETAILS, {"classes": ("collapse",), "fields": ("kind", "room")}),
    )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The first row: everything goes to the only assistant that there is."""
        agent = the_only(Agent.objects.visible_to(request.user).kept())
        trunk = the_only(Trunk.objects.visible_to(request.user).kept())
        first = not DispatchRule.objects.visible_to(request.user).kept().exists()
        trunks = [trunk] if first and trunk else []
        return {"agent": agent, "trunks": trunks, **super().get_changeform_initial_data(request)}


@admin.register(PublishedObject)
class PublishedObjectAdmin(MachineRowAdmin):
    list_display = ("key", "kind", "livekit_id", "state_badge", "why", "synced_at")
    fields = readonly_fields = ("kind", "key", "source", "livekit_id", "state", "why", "synced_at")
    list_filter = ("state", "kind")
    search_fields = ("key", "livekit_id")
    purpose = gettext_lazy("What LiveKit was given of the line. It fills by itself after saving.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PublishedObject]:
        return PublishedObject.objects.visible_to(request.user)

    @display(  # type: ignore[untyped-decorator]  # unfold ships no types
        description=gettext_lazy("state"),
        label={"live": "success", "waiting": "warning", "failed": "danger", "differs": "danger"},
    )
    def state_badge(self, row: PublishedObject) -> tuple[str, str]:
        return row.state, row.get_state_display()

    @admin.display(description=gettext_lazy("why"))
    def why(self, row: PublishedObject) -> str:
        return str(row.sentence) or "—"
