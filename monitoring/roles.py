"""The groups that people are put into, and what each may do: this table, and nothing else."""

from collections.abc import Iterable

from django.contrib.auth.models import Group, Permission
from django.db import transaction

from veyra import live

CALLS = (
    *("telephony.view_call", "telephony.view_phonenumber", "agentworker.view_agent"),
    *("agentworker.view_place", "agentworker.view_closure"),
)
WORDS = ("agentworker.view_session",)
CALLS_BACK = (
    *("telephony.view_callback", "telephony.change_callback"),
    *("telephony.add_outboundcall", "telephony.view_outboundcall"),
)
HANDS = ("telephony.hang_up_call", "telephony.transfer_call", "telephony.block_caller")
SEES_PEOPLE = ("telephony.view_colleague", "telephony.view_team")
OPERATOR = (*CALLS, *WORDS, *CALLS_BACK, *HANDS, *SEES_PEOPLE)
# The list of calls as a file, and filters of it for everybody.
LISTS = ("monitoring.add_callfile", "monitoring.share_savedfilter")
HEARS = ("recordings.view_recording", "recordings.hear_recording")
# Reads what is wrong with the line, and may say that he is on it.
INCIDENTS = (
    *("monitoring.view_incident", "monitoring.change_incident"),
    *("monitoring.view_contact", "monitoring.view_silence"),
)
SUPERVISOR = (
    *OPERATOR,
    *LISTS,
    *HEARS,
    *INCIDENTS,
    "recordings.record_call",
    *("telephony.listen_call", "telephony.hint_call", "telephony.join_call"),
)


def rights_on(*rows: str, may: Iterable[str] = ("view", "add", "change")) -> tuple[str, ...]:
    """ "telephony.call" -> "telephony.view_call", …"""
    named = [row.split(".") for row in rows]
    return tuple(f"{app}.{verb}_{model}" for app, model in named for verb in may)


MANAGER = (
    *CALLS,
    *WORDS,
    *CALLS_BACK,
    *LISTS,
    *HEARS,
    *INCIDENTS,
    "recordings.download_recording",
    *("monitoring.change_mailing", "monitoring.change_numbernotice"),
    "telephony.block_caller",
    *rights_on("agentworker.agent", "agentworker.agentversion", "telephony.dispatchrule"),
    *rights_on("agentworker.place", "agentworker.closure", "agentworker.company"),
    *rights_on("agentworker.budget", may=["view", "change"]),
    *rights_on("telephony.colleague", "telephony.team"),
)
ENGINEER = (
    *CALLS,
    "agentworker.view_every_number",
    *WORDS,
    *INCIDENTS,
    "monitoring.resolve_incident",
    "monitoring.add_silence",
    *rights_on("monitoring.recoveryaction", may=["view", "add"]),
    *rights_on("monitoring.jobrun", "monitoring.confirmation", may=["view", "add"]),
    "monitoring.view_backup",
    *rights_on("monitoring.rulesetting", "monitoring.healthcheck", may=["view", "change"]),
    *rights_on("monitoring.logerror", may=["view", "change"]),
    "monitoring.add_supportbundle",
    *rights_on("monitoring.contact", may=["view", "add", "change", "delete"]),
    *("telephony.hang_up_call", "telephony.block_caller"),
    *rights_on("telephony.trunk", "telephony.phonenumber", "telephony.dispatchrule"),
    *rights_on(
        "telephony.trunk", "telephony.phonenumber", "telephony.dispatchrule", may=["delete"]
    ),
    *rights_on("telephony.gateway", "telephony.difference", may=["view", "change"]),
    *rights_on("telephony.scheduledchange", "telephony.ignoredsource"),
    *rights_on("telephony.scheduledchange", "telephony.ignoredsource", may=["delete"]),
    *rights_on("telephony.testcall", may=["view", "add"]),
    *rights_on("recordings.stream", "recordings.ingress", "recordings.storage"),
    *rights_on("monitoring.alertchannel", may=["view", "add", "change", "delete"]),
    *rights_on("monitoring.hook", may=["view", "add", "change", "delete"]),
    *rights_on("monitoring.accesstoken", "veyra.keyrotation", may=["view", "add"]),
    *("recordings.delete_ingress", "recordings.view_roomaction"),
    *("recordings.view_recording", "recordings.record_call"),
    *("recordings.mute_participant", "recordings.remove_participant"),
    *("recordings.message_room", "recordings.close_room"),
    *rights_on("agentworker.agent", "agentworker.agentversion", "agentworker.providerkey"),
    *rights_on("agentworker.place", "agentworker.closure", "agentworker.company"),
    *rights_on("telephony.colleague", "telephony.team"),
    *rights_on("veyra.apikey", may=["view", "add", "delete"]),
    *rights_on(
        *("telephony.callevent", "telephony.refused", "telephony.publishedobject"),
        *("telephony.registration", "telephony.outboundcall", "agentworker.worker"),
        *("veyra.securityevent", "veyra.auditentry"),
        may=["view"],
    ),
)
VIEWER = (*CALLS, *WORDS)
# Owners may do everything, auditors read everything.
ROLES: dict[str, tuple[str, ...] | None] = {
    "Owner": None,
    "Manager": MANAGER,
    "Operator": OPERATOR,
    "Supervisor": SUPERVISOR,
    "Engineer": ENGINEER,
    "Viewer": VIEWER,
    "Auditor": None,
}


def make() -> list[str]:
    """Make the groups as they stand here, and name those that were other; at every start, so that
    a right which the code gives or takes reaches whoever was there before.
    """
    rights = list(Permission.objects.select_related("content_type"))
    with transaction.atomic():
        other = [name for name in ROLES if _put_right(name, permissions_of(name, rights))]
    if other:
        live.changed("rights", live.EVERYBODY)
    return other


def _put_right(name: str, wanted: list[Permission]) -> bool:
    """False: it was right. What two do at once comes to the same."""
    group, is_new = Group.objects.get_or_create(name=name)
    has = set(group.permissions.values_list("pk", flat=True))
    if has == {right.pk for right in wanted} and not is_new:
        return False
    group.permissions.set(wanted)
    return True


def permissions_of(role: str, rights: Iterable[Permission] | None = None) -> list[Permission]:
    """What the role may do. `rights`: all that there are, with their kinds of rows."""
    if rights is None:
        rights = Permission.objects.select_related("content_type")
    named = ROLES[role]
    if named is not None:
        return [right for right in rights if name_of(right) in named]
    auditor = role == "Auditor"
    return [right for right in rights if not auditor or right.codename.startswith("view_")]


def name_of(right: Permission) -> str:
    """As `User.has_perm` takes it."""
    return f"{right.content_type.app_label}.{right.codename}"
