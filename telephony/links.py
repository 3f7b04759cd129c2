"""From the row that a sentence is about to the page where the person does something about it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from agentworker.models import Agent, Place
from telephony.models import DispatchRule, PhoneNumber, Trunk
from telephony.routing.route import Row
from veyra.look import link
from veyra.models import User

# The rights of whoever decides about differences.
DECIDES = ("telephony.change_trunk", "telephony.change_dispatchrule")


@dataclass(frozen=True)
class Link:
    url: str
    label: str | Promise


@dataclass(frozen=True)
class Page:
    """A URL name, what the button to it says, and the rights that open it."""

    url: str
    label: Promise
    permissions: tuple[str, ...]


CALL = Page("call", _("See the call"), ("telephony.view_call",))
# Pages of a row, by the kind of the row; they are opened with its id.
ROWS: Mapping[str, Page] = {
    "trunk": Page(
        "admin:telephony_trunk_change", _("Open the connection"), ("telephony.view_trunk",)
    ),
    "number": Page(
        "admin:telephony_phonenumber_change", _("Open the number"), ("telephony.view_phonenumber",)
    ),
    "rule": Page(
        "admin:telephony_dispatchrule_change", _("Open the rule"), ("telephony.view_dispatchrule",)
    ),
    "hours": Page("hours-change", _("See the hours"), ("agentworker.view_place",)),
    "agent": Page(
        "admin:agentworker_agent_change", _("Open the assistant"), ("agentworker.view_agent",)
    ),
    "try": Page("number-call", _("Call this line now"), ("telephony.add_testcall",)),
}
# Pages without a row.
ALONE: Mapping[str, Page] = {
    "number": Page("admin:telephony_phonenumber_add", _("Add it"), ("telephony.add_phonenumber",)),
    "rule": Page(
        "admin:telephony_dispatchrule_add",
        _("Choose who answers"),
        ("telephony.add_dispatchrule",),
    ),
    "differences": Page("differences", _("Look at the differences"), DECIDES),
    "hours": Page("hours", _("See the hours"), ("agentworker.view_place",)),
    "keys": Page("provider-keys", _("Look at the keys"), ("agentworker.view_providerkey",)),
    "worker": Page("workers", _("See the workers"), ("agentworker.view_worker",)),
    "entrance": Page(
        "admin:telephony_gateway_changelist",
        _("See the call entrance"),
        ("telephony.view_gateway",),
    ),
}
MODELS: Mapping[str, type[Trunk | PhoneNumber | DispatchRule | Agent | Place]] = {
    "trunk": Trunk,
    "number": PhoneNumber,
    "try": PhoneNumber,
    "rule": DispatchRule,
    "agent": Agent,
    "hours": Place,
}


def links(rows: Collection[Row], user: User | None) -> dict[Row, Link]:
    """The pages that the person may open; None: an engineer at the command line, who may all.

    One query for each kind of row, however many rows.
    """
    pks = _pks(rows, user)
    found: dict[Row, Link] = {}
    for row in rows:
        page = CALL if row.kind == "call" else (ROWS if row.key else ALONE)[row.kind]
        args = [row.key if row.kind == "call" else pks.get(row, "")] if row.key else []
        may = user is None or user.has_perms(page.permissions)
        if may and all(args) and (url := link(page.url, *args)):
            found[row] = Link(url, page.label)
    return found


def _pks(rows: Collection[Row], user: User | None) -> dict[Row, int]:
    """The ids of the rows that the person may see."""
    found: dict[Row, int] = {}
    for kind, model in MODELS.items():
        keys = {row.key: row for row in rows if row.kind == kind and row.key}
        if not keys:
            continue
        visible = model.objects.visible_to(user) if user else model.objects.all()
        pairs = visible.filter(key__in=keys).values_list("key", "pk")
        found |= {keys[str(key)]: pk for key, pk in pairs}
    return found
