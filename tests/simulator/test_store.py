"""The in-memory LiveKit refuses and accepts what livekit-server v1.13.5 does."""

import re
from dataclasses import replace

import pytest

from veyra.livekit.simulator.store import Store
from veyra.livekit.types import DispatchRule, InboundTrunk, LiveKitError

TRUNK = InboundTrunk(name="trunk1", numbers=("+74991124148",))
RULE = DispatchRule(name="Support", trunk_ids=("ST_1",), room="support-room-")


def refusal(error: pytest.ExceptionInfo[LiveKitError]) -> tuple[str, str]:
    assert error.value.permanent
    return error.value.code, error.value.message


def test_a_new_trunk_gets_an_id_and_is_listed() -> None:
    store = Store()
    livekit_id = store.create_inbound_trunk(TRUNK)
    assert store.list_inbound_trunks() == [replace(TRUNK, id=livekit_id)]
    assert livekit_id.startswith("ST_")


@pytest.mark.parametrize("taken", ["+74991124148", "74991124148", "+7 (499) 112-41-48"])
def test_a_taken_number_is_refused_in_any_spelling_and_from_any_address(taken: str) -> None:
    store = Store()
    first = store.create_inbound_trunk(TRUNK)
    with pytest.raises(LiveKitError) as error:
        store.create_inbound_trunk(
            InboundTrunk(numbers=(taken,), allowed_addresses=("10.0.0.0/8",))
        )
    assert refusal(error) == (
        "invalid_argument",
        f'Conflicting inbound SIP Trunks: "<new>" and "{first}", using the same number(s) '
        f'["{taken}"] without AllowedNumbers set',
    )


def test_a_national_spelling_is_another_number_to_livekit() -> None:
    store = Store()
    store.create_inbound_trunk(TRUNK)
    store.create_inbound_trunk(InboundTrunk(numbers=("84991124148",)))
    assert len(store.list_inbound_trunks()) == 2


def test_one_number_for_two_callers_is_no_conflict_until_they_share_a_caller() -> None:
    store = Store()
    store.create_inbound_trunk(replace(TRUNK, allowed_numbers=("+79160000001",)))
    store.create_inbound_trunk(replace(TRUNK, allowed_numbers=("+79160000002",)))
    with pytest.raises(LiveKitError, match=r'and AllowedNumber "\+?79160000002"$'):
        store.create_inbound_trunk(replace(TRUNK, allowed_numbers=("79160000002",)))


def test_a_replacement_onto_a_taken_number_is_accepted() -> None:
    store = Store()
    store.create_inbound_trunk(TRUNK)
    other = store.create_inbound_trunk(InboundTrunk(numbers=("+74951234567",)))
    store.replace_inbound_trunk(other, TRUNK)
    assert [trunk.numbers for trunk in store.list_inbound_trunks()] == [TRUNK.numbers] * 2


def test_a_replacement_that_keeps_its_number_is_compared_with_the_others() -> None:
    store = Store()
    first = store.create_inbound_trunk(replace(TRUNK, allowed_numbers=("+79160000001",)))
    store.create_inbound_trunk(TRUNK)
    with pytest.raises(LiveKitError, match="without AllowedNumbers set"):
        store.replace_inbound_trunk(first, TRUNK)


def test_a_trunk_with_nothing_is_refused_and_one_with_half_a_login_is_not() -> None:
    store = Store()
    with pytest.raises(LiveKitError) as error:
        store.create_inbound_trunk(InboundTrunk(name="open"))
    assert refusal(error) == (
        "invalid_argument",
        "for security, one of the fields must be set: "
        "AuthUsername+AuthPassword, AllowedAddresses or Numbers",
    )
    store.create_inbound_trunk(InboundTrunk(auth_username="line"))


def test_deleting_an_unknown_trunk_passes_and_an_unknown_rule_does_not() -> None:
    store = Store()
    store.delete_inbound_trunk("ST_unknown")
    with pytest.raises(LiveKitError) as error:
        store.delete_dispatch_rule("SDR_unknown")
    assert refusal(error) == ("not_found", "requested sip dispatch rule does not exist")


def test_rules_outlive_the_trunk_that_they_name() -> None:
    store = Store()
    trunk = store.create_inbound_trunk(TRUNK)
    rule = store.create_dispatch_rule(replace(RULE, trunk_ids=(trunk,)))
    store.delete_inbound_trunk(trunk)
    assert store.list_dispatch_rules() == [replace(RULE, id=rule, trunk_ids=(trunk,))]


def test_a_second_rule_for_the_same_trunk_caller_and_pin_is_refused() -> None:
    store = Store()
    first = store.create_dispatch_rule(RULE)
    store.create_dispatch_rule(replace(RULE, pin="1234"))
    store.create_dispatch_rule(replace(RULE, inbound_numbers=("79160000001",)))
    with pytest.raises(LiveKitError) as error:
        store.create_dispatch_rule(replace(RULE, name="Sales", trunk_ids=("ST_2", "ST_1")))
    code, message = refusal(error)
    assert code == "invalid_argument"
    # LiveKit looks at the new rule as the second, so it may name the new one as the older.
    assert re.fullmatch(
        "Dispatch rule for the same trunk, inbound number, number, and PIN combination "
        f'already exists in dispatch rule ("{first}" "Support"|"<new>" "Sales")',
        message,
    )


def test_both_spellings_of_a_caller_in_one_rule_are_refused() -> None:
    with pytest.raises(LiveKitError, match=r'"<new>" "Support"$'):
        Store().create_dispatch_rule(replace(RULE, inbound_numbers=("+7916", "7916")))


def test_a_rule_may_be_moved_onto_a_trunk_that_another_rule_serves() -> None:
    store = Store()
    store.create_dispatch_rule(RULE)
    other = store.create_dispatch_rule(replace(RULE, trunk_ids=("ST_2",)))
    store.replace_dispatch_rule(other, RULE)
    assert {rule.trunk_ids for rule in store.list_dispatch_rules()} == {("ST_1",)}


def test_what_is_not_there_cannot_be_replaced() -> None:
    store = Store()
    with pytest.raises(LiveKitError) as trunk:
        store.replace_inbound_trunk("ST_gone", TRUNK)
    with pytest.raises(LiveKitError) as rule:
        store.replace_dispatch_rule("SDR_gone", RULE)
    assert refusal(trunk) == ("not_found", "requested sip trunk does not exist")
    assert refusal(rule) == ("not_found", "requested sip dispatch rule does not exist")
