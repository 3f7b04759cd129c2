"""What the runbooks are made of: advice, offers of steps, and pages that help."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise
# A URL name, what the link says, and the right that opens the page.
PageOf = tuple[str, Text, str]


@dataclass(frozen=True)
class Offer:
    """A step of monitoring.recovery. `on`: "" for `target` itself, "check", "about", "lines",
    "sick", "hung", "resting", "storages" or "program NAME…", what the incident or the line names
    at that moment.
    """

    step: str
    on: str = ""
    target: str = ""


@dataclass(frozen=True)
class Advice:
    """`by_hand`: what no button does, in order."""

    why: Text
    steps: Sequence[Offer] = ()
    by_hand: Sequence[Text] = ()
    pages: Sequence[PageOf] = ()


AGAIN = Offer("check_again", on="check")
DIAGNOSE: PageOf = ("diagnosis", _("Diagnosis of the line"), "monitoring.view_recoveryaction")
HEALTH: PageOf = ("health-page", _("How the line is"), "monitoring.view_healthcheck")
CALLS: PageOf = ("admin:telephony_call_changelist", _("Calls"), "telephony.view_call")
BACKS: PageOf = (
    "admin:telephony_callback_changelist",
    _("Calls to return"),
    "telephony.view_callback",
)
WORKERS: PageOf = ("workers", _("Workers"), "agentworker.view_worker")
AGENTS: PageOf = ("admin:agentworker_agent_changelist", _("Assistants"), "agentworker.view_agent")
SPENDING: PageOf = ("spending", _("What conversations cost"), "agentworker.view_budget")
TRUNKS: PageOf = (
    "admin:telephony_trunk_changelist",
    _("Provider connections"),
    "telephony.view_trunk",
)
RULES: PageOf = (
    "admin:telephony_dispatchrule_changelist",
    _("Who answers"),
    "telephony.view_dispatchrule",
)
DIFFERENCES: PageOf = (
    "differences",
    _("Differences"),
    "telephony.change_trunk telephony.change_dispatchrule",
)
TURNED_AWAY: PageOf = ("turned-away", _("Turned away"), "telephony.view_refused")
GUARANTEE: PageOf = ("guarantee", _("Is everything recorded?"), "recordings.view_recording")
STORAGES: PageOf = (
    "admin:recordings_storage_changelist",
    _("Storage of recordings"),
    "recordings.view_storage",
)
PUBLISHED: PageOf = (
    "admin:telephony_publishedobject_changelist",
    _("Objects in LiveKit"),
    "telephony.view_publishedobject",
)
CHANNELS: PageOf = ("alarm-channels", _("Alarms"), "monitoring.view_alertchannel")
HOOKS: PageOf = ("hooks", _("Webhooks"), "monitoring.view_hook")
SECURITY: PageOf = (
    "admin:veyra_securityevent_changelist",
    _("Security events"),
    "veyra.view_securityevent",
)
KEEPING: PageOf = ("keeping", _("Keeping of recordings"), "recordings.view_term")
MAINTENANCE: PageOf = ("maintenance", _("Maintenance"), "monitoring.view_jobrun")
ERRORS: PageOf = ("log-errors", _("Errors of the programs"), "monitoring.view_logerror")
ACCOUNTS: PageOf = ("people", _("People and logins"), "veyra.view_user")
