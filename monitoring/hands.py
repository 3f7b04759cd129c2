"""The part of a call's page where staff act: what the reader may do now, and what came of it."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.utils.translation import gettext as _

from agentworker.models import BlockedCaller
from monitoring import recorded
from telephony import blocking, introducing, ringing
from telephony.colleagues import SECONDS, Found
from telephony.hands import NO_REFER, why_not
from telephony.models import Call, CallAction, CallEvent, Colleague, Ring, Team
from telephony.numbers import pretty
from veyra.models import User
from veyra.sentences import Sentence

Kind = CallAction.Kind
SHOWN = 10


@dataclass(frozen=True)
class Deed:
    """Something that was asked for: by whom, what, and what is known of it."""

    at: datetime
    who: str
    text: str
    result: str
    failed: bool
    # More is to be told of it.
    waits: bool


@dataclass(frozen=True)
class Hands:
    """False: the reader may not, or it makes no sense for this call."""

    hang_up: bool
    hint: bool
    transfer: bool
    # Why a transfer is not possible now, before anybody asks for it.
    no_transfer: Sentence | None
    # Whom it is to go to can be written down as a colleague by the reader: then it can be given.
    writes_down: bool
    # Likewise, why a colleague cannot be told of the call before he takes it.
    no_introduction: Sentence | None
    # Whom it can be given to: colleagues and groups of them, (value of the choice, how it reads).
    people: Sequence[tuple[str, str]]
    teams: Sequence[tuple[str, str]]
    block: bool
    blocked: BlockedCaller | None
    deeds: Sequence[Deed]
    record: recorded.Hand | None
    # A form that is sent twice asks once.
    tickets: dict[str, str] = field(
        default_factory=lambda: {name: str(uuid.uuid4()) for name in (*Kind.values, "block")}
    )

    @property
    def gives(self) -> bool:
        """The call can be given to one of `people` in some way."""
        return bool(self.people) and not (self.no_transfer and self.no_introduction)

    @property
    def any(self) -> bool:
        acts = self.hang_up or self.hint or self.transfer or self.block or self.record
        return bool(acts or self.deeds)

    @property
    def waits(self) -> bool:
        is_recorder_asked = self.record is not None and self.record.waits
        return is_recorder_asked or any(deed.waits for deed in self.deeds)


def gather(call: Call, user: User) -> Hands:
    goes_on = call.ended_at is None
    hints = user.has_perm("telephony.hint_call")
    hangs_up = user.has_perm("telephony.hang_up_call")
    transfers = user.has_perm("telephony.transfer_call")
    blocks = user.has_perm("telephony.block_caller") and blocking.why_not(call) is None
    acts = hints or hangs_up or transfers
    people, teams = whom(call, user) if goes_on and transfers else ((), ())
    no_transfer = why_not(call, Kind.TRANSFER) if goes_on and transfers else None
    lacks_refer = no_transfer is not None and no_transfer.msgid == NO_REFER
    return Hands(
        hang_up=goes_on and hangs_up,
        hint=goes_on and hints,
        transfer=goes_on and transfers,
        no_transfer=no_transfer,
        writes_down=lacks_refer and user.has_perm("telephony.add_colleague"),
        no_introduction=why_not(call, Kind.INTRODUCE) if goes_on and transfers else None,
        people=people,
        teams=teams,
        block=blocks,
        blocked=blocking.of(call) if blocks else None,
        deeds=deeds(call, with_words=user.has_perm("agentworker.view_session")) if acts else (),
        record=recorded.hand(call, user),
    )


def whom(call: Call, user: User) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Colleagues, with whether each is free, and groups."""
    kept = Colleague.objects.visible_to(user).kept().select_related("user")
    rows = [row for row in kept if row.can_be_reached]
    found = [Found(row.pk, SECONDS) for row in rows]
    persons = ringing.people_now(found, call) if found else []
    free = {person.colleague for person in persons if person.can_be_rung}
    people = [(f"colleague-{row.pk}", _state(row, free)) for row in rows]
    teams = Team.objects.visible_to(user).kept() if rows else ()
    return people, [(f"team-{team.pk}", team.name) for team in teams]


def _state(row: Colleague, free: Collection[int]) -> str:
    if row.pk in free:
        return _("%(name)s: free") % {"name": row.name}
    if row.away:
        return _("%(name)s: away") % {"name": row.name}
    return _("%(name)s: not free now") % {"name": row.name}


def deeds(call: Call, *, with_words: bool) -> list[Deed]:
    """What was asked for on this call, the newest first."""
    actions = list(CallAction.objects.of(call)[:SHOWN])
    told: dict[str, set[str]] = {}
    if any(action.kind == Kind.HINT for action in actions):
        for fact in CallEvent.objects.of_hints(call):
            told.setdefault(str(fact.payload.get("hint")), set()).add(fact.kind)
    found = [_deed(action, told.get(str(action.ticket), set()), with_words) for action in actions]
    if any(action.kind == Kind.INTRODUCE for action in actions):
        rings = list(Ring.objects.of_calls([call.pk]))
        pairs = zip(found, actions, strict=True)
        found = [_searched(deed, action, rings) for deed, action in pairs]
    return found


def _searched(deed: Deed, action: CallAction, rings: Sequence[Ring]) -> Deed:
    """Who is looked for is told by the search that the deed began."""
    if action.kind != Kind.INTRODUCE or action.state != CallAction.State.DONE:
        return deed
    begun = (ring for ring in rings if ring.why == Ring.Why.TRANSFER)
    ring = next((ring for ring in begun if ring.started_at >= action.asked_at), None)
    if ring is None or not ring.sentence.msgid:
        return replace(deed, waits=ring is not None)
    untaken = ring.state == Ring.State.OVER
    return replace(deed, result=str(ring.sentence), failed=untaken, waits=False)


def _deed(action: CallAction, told: set[str], with_words: bool) -> Deed:
    who = action.asked_by
    is_sent = action.kind == Kind.HINT and action.state == CallAction.State.DONE
    return Deed(
        at=action.asked_at,
        who=(who.get_full_name() or who.get_username()) if who else "",
        text=_text(action, with_words),
        result=_result(action, told),
        failed=action.state == CallAction.State.FAILED,
        waits=action.is_open or (is_sent and "hint_used" not in told and not action.call.ended_at),
    )


def _text(action: CallAction, with_words: bool) -> str:
    if action.kind == Kind.TRANSFER:
        return _("Transfer to %(number)s") % {"number": pretty(action.params["target"])}
    if action.kind == Kind.INTRODUCE and (who := introducing.name_of(action.params)):
        return _("Give to %(who)s") % {"who": who}
    if action.kind == Kind.HINT and with_words:
        return _("Hint: “%(text)s”") % {"text": action.params["text"]}
    return str(action.get_kind_display())


def _result(action: CallAction, told: set[str]) -> str:
    if "hint_used" in told:
        return _("The assistant has used it in its answer.")
    if "hint_heard" in told:
        return _("The assistant has read it. It will use it in its next answer.")
    if action.is_open and action.kind == Kind.TRANSFER:
        return _("The provider is connecting…")
    return str(action.sentence) if action.sentence.msgid else _("On its way…")
