"""The steps for calls out: one object for each connection that dials, in no particular order.

Nothing of LiveKit's depends on an outbound trunk but the calls that name it, and those that go on
keep what they began with.
"""

from collections.abc import Mapping

from telephony.routing.actual import plain
from telephony.routing.compile import Desired
from telephony.routing.hands import Hands
from telephony.routing.steps import NEW, Action, outbound_step


def outbound_steps(desired: Desired, hands: Hands, known: Mapping[str, str]) -> list[Action]:
    """`known`: the ids that we remember of our objects, by key; others of ours are adopted."""
    mine = sorted(filter(hands.may_change, hands.actual.outbound), key=lambda each: each.id)
    steps: list[Action] = []
    stay: set[str] = set()
    for wanted in desired.outbound:
        if wanted.key in hands.frozen:
            continue
        same = [each for each in mine if hands.key(each) == wanted.key]
        kept = next((each for each in same if known.get(wanted.key) == each.id), None)
        kept = kept or next(iter(same), None)
        if kept is None:
            steps.append(outbound_step("create", wanted.key, NEW + wanted.key, wanted.value))
            continue
        stay.add(kept.id)
        if known.get(wanted.key) != kept.id:
            steps.append(outbound_step("adopt", wanted.key, kept.id, kept))
        if plain(kept) != plain(wanted.value) or kept.id in hands.touched:
            steps.append(outbound_step("replace", wanted.key, kept.id, wanted.value))
    steps += [
        outbound_step("delete", hands.key(each), each.id, each)
        for each in mine
        if each.id not in stay
    ]
    return steps
