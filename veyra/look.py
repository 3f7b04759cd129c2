"""How the pages look: names, colours, and the menu that each person gets.

Apps are named by string only; a line of the menu shows where its model is in the admin and the
person may see it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse, reverse_lazy
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Line:
    """One line of the menu. `url` is a URL name; `permissions` are what opens the page."""

    title: str | Promise
    icon: str
    url: str
    permissions: tuple[str, ...] = ()


def rows_of(model: str, title: str | Promise, icon: str) -> Line:
    """The list of "app.model" in the admin."""
    app, name = model.split(".")
    return Line(title, icon, f"admin:{app}_{name}_changelist", (f"{app}.view_{name}",))


EVERYDAY: Sequence[Line] = [
    Line(_("Home"), "home", "admin:index"),
    Line(_("Now"), "graphic_eq", "live", ("telephony.view_call",)),
    rows_of("telephony.call", _("Calls"), "call_log"),
    rows_of("recordings.recording", _("Recordings"), "voicemail"),
    rows_of("telephony.callback", _("Call back"), "phone_callback"),
    Line(_("Call a number"), "phone_forwarded", "call-out", ("telephony.add_outboundcall",)),
    rows_of("telephony.phonenumber", _("Numbers"), "dialpad"),
    rows_of("agentworker.agent", _("Assistants"), "support_agent"),
    rows_of("telephony.dispatchrule", _("Who answers"), "call_split"),
    Line(_("Report"), "bar_chart", "report", ("telephony.view_call",)),
]
# What an engineer looks after, by what he asks himself when he comes here.
HEALTH: Sequence[Line] = [
    Line(_("Diagnosis"), "troubleshoot", "diagnosis", ("monitoring.view_recoveryaction",)),
    Line(_("Incidents"), "notification_important", "incidents", ("monitoring.view_incident",)),
    Line(_("How the line is"), "monitor_heart", "health-page", ("monitoring.view_healthcheck",)),
    Line(_("Workers"), "memory", "workers", ("agentworker.view_worker",)),
    Line(_("Program errors"), "bug_report", "log-errors", ("monitoring.view_logerror",)),
    Line(_("Alarms"), "notifications_active", "alarm-channels", ("monitoring.view_alertchannel",)),
    Line(_("Maintenance"), "build", "maintenance", ("monitoring.view_jobrun",)),
    Line(_("Checklists"), "checklist", "checklists", ("monitoring.view_confirmation",)),
    rows_of("django_celery_beat.periodictask", _("Schedule"), "schedule"),
]
CONNECTIONS: Sequence[Line] = [
    rows_of("telephony.trunk", _("Provider connections"), "cable"),
    rows_of("telephony.gateway", _("Call entrance"), "login"),
    Line(_("Keys of providers"), "key", "provider-keys", ("agentworker.view_providerkey",)),
    rows_of("telephony.scheduledchange", _("Planned changes"), "event_upcoming"),
    Line(
        _("Differences"),
        "difference",
        "differences",
        ("telephony.change_trunk", "telephony.change_dispatchrule"),
    ),
    rows_of("telephony.publishedobject", _("Objects in LiveKit"), "cloud_sync"),
    Line(_("Streams"), "cell_tower", "streams", ("recordings.view_stream",)),
    Line(_("Incoming streams"), "input", "ingress", ("recordings.view_ingress",)),
    rows_of("recordings.storage", _("Storage of recordings"), "hard_drive"),
]
WITHIN_CALLS: Sequence[Line] = [
    Line(_("Rooms"), "meeting_room", "rooms", ("recordings.view_roomaction",)),
    Line(
        _("Turned away"),
        "phone_disabled",
        "turned-away",
        ("telephony.view_call", "telephony.view_refused"),
    ),
    rows_of("telephony.outboundcall", _("Calls out"), "phone_forwarded"),
    rows_of("telephony.testcall", _("Test calls"), "phone_in_talk"),
    rows_of("agentworker.session", _("Conversations"), "forum"),
    rows_of("telephony.callevent", _("Call events"), "list_alt"),
]
COMPANY: Sequence[Line] = [
    Line(_("Opening hours"), "schedule", "hours", ("agentworker.view_place",)),
    rows_of("telephony.colleague", _("Colleagues"), "headset_mic"),
    rows_of("telephony.team", _("Groups"), "groups"),
    Line(_("Costs of conversations"), "payments", "spending", ("agentworker.view_budget",)),
    rows_of("agentworker.company", _("Company"), "apartment"),
    rows_of("monitoring.contact", _("Contacts"), "contact_phone"),
]
CALLERS: Sequence[Line] = [
    Line(
        _("Blocked callers"),
        "person_off",
        "admin:agentworker_blockedcaller_changelist",
        ("telephony.block_caller",),
    ),
    Line(_("Caller's data"), "person_search", "callers", ("monitoring.find_caller",)),
    Line(_("Erased callers"), "person_cancel", "callers-erased", ("monitoring.view_erasure",)),
    Line(_("Keeping of recordings"), "auto_delete", "keeping", ("recordings.view_term",)),
]
ACCESS: Sequence[Line] = [
    Line(_("People and logins"), "manage_accounts", "people", ("veyra.view_user",)),
    Line(_("Keys for programs"), "vpn_key", "api-keys", ("veyra.view_apikey",)),
    Line(
        _("Tokens for LiveKit"),
        "token",
        "livekit-tokens",
        ("monitoring.view_accesstoken", "monitoring.add_accesstoken"),
    ),
    Line(_("Key for LiveKit"), "key_vertical", "livekit-keys", ("veyra.view_keyrotation",)),
    Line(_("Webhooks"), "webhook", "hooks", ("monitoring.view_hook",)),
    rows_of("veyra.auditentry", _("Changes by staff"), "history"),
    Line(
        _("What staff did, as a file"),
        "download",
        "audit-export",
        ("veyra.view_auditentry", "veyra.view_audit_export"),
    ),
    rows_of("veyra.securityevent", _("Security events"), "shield"),
]
# Closed until somebody opens one.
GROUPS: Sequence[tuple[str | Promise, Sequence[Line]]] = [
    (_("How we work"), COMPANY),
    (_("Data of callers"), CALLERS),
    (_("Access"), ACCESS),
    (_("For the engineer: is all well"), HEALTH),
    (_("For the engineer: connections"), CONNECTIONS),
    (_("For the engineer: calls"), WITHIN_CALLS),
]


def menu(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups of the menu, in unfold's shape."""
    groups = [(title, _items(request, lines)) for title, lines in GROUPS]
    shown = [(title, items) for title, items in groups if items]
    return [
        {"items": _items(request, EVERYDAY)},
        *(
            {"title": title, "collapsible": True, "separator": number == 0, "items": items}
            for number, (title, items) in enumerate(shown)
        ),
    ]


def _items(request: HttpRequest, lines: Sequence[Line]) -> list[dict[str, Any]]:
    allowed = [one for one in lines if request.user.has_perms(one.permissions)]
    links = [(line, link(line.url)) for line in allowed]
    return [
        {"title": line.title, "icon": line.icon, "link": url, "active": _leads(url, request.path)}
        for line, url in links
        if url
    ]


def _leads(url: str, path: str) -> bool:
    """Is this page the line's own or below it? Home is above all of the admin."""
    return path == url if url == reverse("admin:index") else path.startswith(url)


def link(name: str, *args: object) -> str:
    """The page of this URL name; "" for a model that has no page in the admin."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def every_page(request: HttpRequest) -> dict[str, Any]:
    """What the frame of every page needs to know."""
    return {"livekit_is_simulated": settings.LIVEKIT_SIMULATED}


def stylesheet(request: HttpRequest) -> str:
    return static("veyra/veyra.css")


def logo(request: HttpRequest) -> str:
    return static("veyra/logo.svg")


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Veyra",
    "SITE_HEADER": "Veyra",
    "SITE_SUBHEADER": _("Control desk of your phone line"),
    "SITE_URL": None,
    "SITE_ICON": logo,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": logo}],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "ACCOUNT": {"navigation": [{"title": _("My login"), "link": reverse_lazy("account")}]},
    "LANGUAGES": {"action": reverse_lazy("language")},
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "8px",
    "STYLES": [stylesheet],
    "GLOBAL_CALLBACK": "monitoring.voices.every_page",
    "DASHBOARD_CALLBACK": "monitoring.home.dashboard",
    "SIDEBAR": {"show_search": False, "navigation": menu},
    "COLORS": {
        "primary": {
            "50": "oklch(97.5% .014 190)",
            "100": "oklch(94.5% .03 190)",
            "200": "oklch(89.5% .06 190)",
            "300": "oklch(83% .09 190)",
            "400": "oklch(74% .11 190)",
            "500": "oklch(64% .11 191)",
            "600": "oklch(52% .092 192)",
            "700": "oklch(45% .08 193)",
            "800": "oklch(39% .066 194)",
            "900": "oklch(34% .055 195)",
            "950": "oklch(26% .045 196)",
        }
    },
}
