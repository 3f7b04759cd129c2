"""Who is who in a room, and what follows when somebody leaves."""

from agentworker.job import LEFT_TO_LAST_RESORT, ends_the_call
from agentworker.people import AfterLeaving, Person, after_leaving, agent_is_here, first_caller

ANNA = Person("sip_anna", "PA_1", "sip", {"sip.callID": "SCL_1"})
BORIS = Person("sip_boris", "PA_2", "sip", {"sip.callID": "SCL_2"})
BROWSER = Person("web", "PA_3", "standard", {"veyra.role": "browser"})
COLLEAGUE = Person("sip_olga", "PA_4", "sip", {"veyra.role": "colleague"})
LISTENER = Person("listener", "PA_5", "standard", {"veyra.role": "listener"})
STRANGER = Person("tool", "PA_6", "standard")
AGENT = Person("agent-1", "PA_7", "agent")


def test_telephones_and_calling_browsers_are_callers() -> None:
    everybody = [AGENT, LISTENER, STRANGER, COLLEAGUE, BROWSER, ANNA]
    assert [p for p in everybody if p.is_caller] == [BROWSER, ANNA]
    assert first_caller(everybody) == BROWSER
    assert first_caller([AGENT, LISTENER, COLLEAGUE]) is None


def test_the_last_caller_takes_the_room_along() -> None:
    assert after_leaving(ANNA, ANNA.identity, [AGENT, LISTENER]) == AfterLeaving(end=True)


def test_the_first_of_two_who_hangs_up_leaves_the_other_with_the_assistant() -> None:
    assert after_leaving(ANNA, ANNA.identity, [BORIS]) == AfterLeaving(turn_to=BORIS)


def test_the_second_of_two_who_hangs_up_changes_nothing() -> None:
    assert after_leaving(BORIS, ANNA.identity, [ANNA]) == AfterLeaving()


def test_a_caller_who_leaves_a_colleague_behind_does_not_end_the_room() -> None:
    assert after_leaving(ANNA, ANNA.identity, [COLLEAGUE]) == AfterLeaving()


def test_a_listener_who_leaves_ends_nothing() -> None:
    assert after_leaving(LISTENER, ANNA.identity, []) == AfterLeaving()


def test_another_assistant_is_noticed() -> None:
    assert agent_is_here([ANNA, AGENT])
    assert not agent_is_here([ANNA, LISTENER])


def test_a_room_with_a_caller_outlives_its_assistant() -> None:
    assert not ends_the_call("another assistant is in the room", [ANNA])
    assert not ends_the_call("shutdown", [COLLEAGUE])
    # Who could not start may not even have seen who waits.
    assert not ends_the_call(LEFT_TO_LAST_RESORT, [])


def test_an_assistant_that_broke_leaves_its_caller_to_whoever_will_speak() -> None:
    assert ends_the_call("error", [ANNA])
    assert not ends_the_call("error", [ANNA], helped=True)
    supervisor = Person("supervisor-1", "PA_8", "standard", {"veyra.role": "supervisor"})
    for helper in (supervisor, COLLEAGUE, AGENT):
        assert not ends_the_call("error", [ANNA, helper])
    assert ends_the_call("error", [LISTENER], helped=True)


def test_a_room_without_callers_does_not() -> None:
    assert ends_the_call("caller left", [LISTENER, AGENT])


def test_an_assistant_that_said_goodbye_hangs_up() -> None:
    assert ends_the_call("goodbye", [ANNA])
