"""Where the change of LiveKit's key stands, in steps that a person reads and presses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from monitoring.recovery.livekit_steps import LONGEST, NAME
from monitoring.recovery.models import RecoveryAction
from monitoring.recovery.services import carry_out
from veyra import livekit_keys
from veyra.livekit.pairs import by_hand, pairs
from veyra.models import KeyRotation, Program, User
from veyra.sentences import Sentence


class Deed(StrEnum):
    """What a button does."""

    MAKE = "make"
    SWITCH = "switch"
    DROP = "drop"
    RESTART = "restart"
    LOOK = "look"


LABELS = {
    Deed.MAKE: gettext_lazy("Make a second key"),
    Deed.SWITCH: gettext_lazy("Change to the second key"),
    Deed.DROP: gettext_lazy("Take the former key out"),
    Deed.RESTART: gettext_lazy("Start LiveKit again when nobody calls"),
    Deed.LOOK: gettext_lazy("Look again"),
}


class State(StrEnum):
    DONE = "done"
    NOW = "now"
    LATER = "later"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Pairs by their names. `knows`: does LiveKit accept it? None: it does not answer."""

    first: str
    second: str
    leaving: str
    knows: bool | None
    is_switched: bool
    by_hand: bool
    # A moment without calls is waited for.
    waits: bool
    # Programs that sign by another than the first pair.
    behind: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    title: Sentence
    state: State
    sentence: Sentence
    deed: Deed | None = None

    @property
    def label(self) -> str:
        return str(LABELS[self.deed]) if self.deed else ""


TITLES = (
    _("There is a second key"),
    _("LiveKit accepts both"),
    _("Programs change to the second one"),
    _("The former one is taken out"),
    _("LiveKit refuses the former one"),
)
WAITS = _("We wait until nobody calls; you may leave this page. Calls come in as always.")
LATER = _("When the steps before it are done.")


def rows(facts: Facts) -> list[Row]:
    """The steps, of which one is to be done now."""
    at = _at(facts)
    made = [_now(facts) if number == at else None for number in range(len(TITLES))]
    return [now or _row(number, at, facts) for number, now in enumerate(made)]


def _at(facts: Facts) -> int:
    """The number of the step at which it stands."""
    if facts.leaving:
        return 4
    if facts.is_switched:
        return 3
    if not facts.second:
        return 0
    return 2 if facts.knows else 1


def _row(number: int, at: int, facts: Facts) -> Row:
    if number > at:
        return Row(Sentence(TITLES[number]), State.LATER, Sentence(LATER))
    told = {
        0: Sentence(_("Its name is %(name)s."), {"name": facts.second}),
        1: Sentence(_("We asked it by the second one, and it answered.")),
        2: Sentence(_("They sign by %(name)s now."), {"name": facts.first}),
        3: Sentence(_("Nothing of ours signs by it any more.")),
    }
    if facts.is_switched or facts.leaving:
        told[0] = Sentence(_("It was there."))
        told[1] = Sentence(_("It accepted both."))
    return Row(Sentence(TITLES[number]), State.DONE, told[number])


def _now(facts: Facts) -> Row:
    at = _at(facts)
    found: Mapping[int, Callable[[Facts], tuple[Sentence, Deed | None]]] = {
        0: _to_make,
        1: _to_read,
        2: _to_switch,
        3: _to_drop,
        4: _to_forget,
    }
    sentence, deed = found[at](facts)
    return Row(Sentence(TITLES[at]), State.NOW, sentence, deed)


def _to_make(facts: Facts) -> tuple[Sentence, Deed | None]:
    return Sentence(_("Nothing changes for callers by that.")), Deed.MAKE


def _to_read(facts: Facts) -> tuple[Sentence, Deed | None]:
    if facts.knows is None:
        return Sentence(livekit_keys.AWAY), Deed.LOOK
    if facts.waits:
        return Sentence(WAITS), None
    if facts.by_hand:
        msgid = _(
            "Write the second key under keys: in LiveKit's own configuration, beside the first"
            " one, and start LiveKit again when nobody calls."
        )
        return Sentence(msgid), Deed.LOOK
    return Sentence(_("LiveKit reads its keys only when it starts.")), Deed.RESTART


def _to_switch(facts: Facts) -> tuple[Sentence, Deed | None]:
    if facts.by_hand:
        msgid = _(
            "You get the lines for the environment. Programs sign by the new key when they are"
            " started again with them; calls go on."
        )
        return Sentence(msgid), Deed.SWITCH
    msgid = _(
        "All programs sign by it within seconds; none is started again, and calls go on. LiveKit"
        " goes on accepting the former key."
    )
    return Sentence(msgid), Deed.SWITCH


def _to_drop(facts: Facts) -> tuple[Sentence, Deed | None]:
    if facts.behind:
        programs = ", ".join(facts.behind)
        return Sentence(livekit_keys.STILL_USED, {"programs": programs}), Deed.LOOK
    if facts.by_hand and not facts.second:
        msgid = _(
            "It stands in .env no more. If LiveKit and the call entrance were started again since,"
            " it is out; else start them again when nobody calls."
        )
        return Sentence(msgid), Deed.DROP
    if facts.by_hand:
        return Sentence(livekit_keys.STILL_ACCEPTED), Deed.DROP
    msgid = _(
        "LiveKit forgets it at its next start, which waits until nobody calls. Another second key"
        " takes its place, for the next time."
    )
    return Sentence(msgid), Deed.DROP


def _to_forget(facts: Facts) -> tuple[Sentence, Deed | None]:
    if facts.knows is None:
        return Sentence(livekit_keys.AWAY), Deed.LOOK
    if not facts.knows:
        return Sentence(_("LiveKit refuses it already.")), Deed.LOOK
    if facts.waits:
        return Sentence(WAITS), None
    return Sentence(_("LiveKit reads its keys only when it starts.")), Deed.RESTART


def read(now: datetime) -> Facts:
    """As it is at this moment; LiveKit is asked."""
    known = pairs()
    asked = known.leaving or known.second
    rotation = KeyRotation.objects.going_on()
    waiting = RecoveryAction.objects.of(NAME, "", now - LONGEST).open()
    former = rotation.former if rotation else ""
    behind = Program.objects.signing_by(former, now) if former else []
    return Facts(
        first=known.first.name,
        second=known.second.name if known.second else "",
        leaving=known.leaving.name if known.leaving else "",
        knows=livekit_keys.accepts(asked) if asked else None,
        is_switched=rotation is not None and rotation.name == known.first.name,
        by_hand=by_hand(),
        waits=waiting.exists(),
        behind=tuple(program.target for program in behind),
    )


def do(deed: Deed, user: User) -> dict[str, str]:
    """What a person has to write into the environment; {}: nothing. Raises KeysError, and
    TooOftenError where LiveKit is started again too often.
    """
    if deed is Deed.MAKE:
        return livekit_keys.make(user)
    if deed is Deed.SWITCH:
        return livekit_keys.switch(user)
    if deed is Deed.DROP:
        lines = livekit_keys.drop(user)
        if pairs().leaving:
            carry_out(NAME, by=user)
        return lines
    if deed is Deed.RESTART:
        carry_out(NAME, by=user)
    else:
        livekit_keys.finish()
    return {}
