"""A call's signalling in words, from the gateway's log and from what the tap heard."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitoring.logs.foreign import ForeignLine, lines_about, read_line
from monitoring.logs.ladder import ladder
from telephony.models import Call, CallEvent

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
INVITE = {"fromIP": "37.139.38.1", "fromUser": "+79161234567", "toUser": "74991124148"}
ANSWERED = (
    "processing invite",
    "Joining room",
    "Waiting for track subscription(s)",
    "Accepting the call",
    "ACK from remote",
)


def line(after: float, words: str, **fields: object) -> ForeignLine:
    return ForeignLine(START + timedelta(seconds=after), "gateway", "info", words, fields)


def heard(after: float, kind: str, **payload: object) -> CallEvent:
    at = START + timedelta(seconds=after)
    return CallEvent(source="tap", kind=kind, at=at, payload=payload)


def answered() -> list[ForeignLine]:
    fields: list[Mapping[str, object]] = [INVITE, {}, {}, {}, {}]
    return [line(n, words, **fields[n]) for n, words in enumerate(ANSWERED)]


def words(lines: list[ForeignLine], *events: CallEvent, direction: str = "inbound") -> list[str]:
    call = Call(direction=direction, started_at=START)
    return [rung.word for rung in ladder(call, events, lines) if rung.word]


def test_an_answered_call_is_told_from_the_question_to_the_end() -> None:
    lines = [*answered(), line(9, "BYE from remote"), line(9.1, "Closing inbound call", status=486)]
    assert words(lines) == ["INVITE", "100", "180", "200", "ACK", "BYE"]


def test_who_hung_up_is_told() -> None:
    call = Call(direction="inbound", started_at=START)
    ours = ladder(call, [], [*answered(), line(9, "Closing inbound call", status=486)])
    his = ladder(call, [], [*answered(), line(9, "BYE from remote")])
    assert (ours[-1].word, ours[-1].to_us) == ("BYE", False)
    assert (his[-1].word, his[-1].to_us) == ("BYE", True)


def test_the_question_names_both_numbers_and_the_address() -> None:
    call = Call(direction="inbound", started_at=START)
    first = ladder(call, [], [line(0, "processing invite", **INVITE)])[0]
    assert str(first.caption.values["to"]) == "+7 499 112-41-48"
    assert first.caption.values["address"] == "37.139.38.1"


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        ("Rejecting inbound, auth check failed", "503"),
        ("Rejecting inbound, doesn't match any Trunks", "404"),
        ("Authentication failed - response mismatch", "401"),
        ("Rejecting inbound call, doesn't match any Dispatch Rules", "486"),
    ],
)
def test_a_refused_call_ends_with_its_answer_once(refusal: str, code: str) -> None:
    lines = [line(0, "processing invite", **INVITE), line(1, refusal)]
    lines.append(line(1.1, "Closing inbound call", status=486, reason="no-dispatch"))
    assert words(lines) == ["INVITE", "100", code]


def test_what_was_dropped_got_no_answer() -> None:
    call = Call(direction="inbound", started_at=START)
    lines = [
        line(0, "processing invite", **INVITE),
        line(1, "Closing inbound call", reason="flood"),
    ]
    last = ladder(call, [], lines)[-1]
    assert (last.word, last.to_us) == ("", None)


def test_without_the_gateways_log_the_tap_tells_it() -> None:
    events = (
        heard(
            0, "invite", **{"from": "+79161234567", "to": "+74991124148", "source_ip": "1.2.3.4"}
        ),
        heard(1, "call_state", status="active"),
        heard(5, "call_state", status="disconnected", disconnect_reason="CLIENT_INITIATED"),
    )
    assert words([], *events) == ["INVITE", "200", "BYE"]


def test_what_both_tell_stands_there_once() -> None:
    events = (heard(0.2, "invite"), heard(3.1, "call_state", status="active"))
    assert words(answered(), *events).count("INVITE") == 1
    assert words(answered(), *events).count("200") == 1


def test_a_call_of_ours_goes_the_other_way() -> None:
    call = Call(direction="outbound", started_at=START)
    events = [
        heard(0, "call_state", status="call_incoming"),
        heard(2, "call_state", status="active"),
    ]
    assert [(rung.word, rung.to_us) for rung in ladder(call, events, [])] == [
        ("INVITE", False),
        ("200", True),
    ]


def test_only_lines_about_the_call_are_read_by_time(tmp_path: Path) -> None:
    stamp = START.timestamp()
    mine = {"level": "info", "msg": "processing invite", "callID": "SCL_1"}
    (tmp_path / "livekit-sip.log.1").write_text(json.dumps(mine | {"ts": stamp + 1}) + "\n")
    (tmp_path / "livekit-sip.log").write_text(
        "\n".join(
            [
                json.dumps(mine | {"ts": stamp + 3}),
                json.dumps(mine | {"ts": stamp + 2, "callID": "SCL_2"}),
                json.dumps(mine | {"ts": stamp + 9000}),
                "SCL_1 torn",
            ]
        )
    )
    server = f"{START.isoformat()}\tINFO\tlivekit\troom of SCL_1"
    (tmp_path / "livekit-server.log").write_text(server)
    found = lines_about(tmp_path, {"SCL_1", ""}, START, START + timedelta(seconds=9))
    assert [each.program for each in found] == ["LiveKit", "gateway", "gateway"]


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", '{"ts": "soon"}', '{"ts": 1e99}', "no time", "2026-13-45T00:00:00Z x"]
)
def test_a_line_without_a_time_is_left_out(text: str) -> None:
    assert read_line("gateway", text) is None


def test_a_folder_that_is_not_there_has_no_lines(tmp_path: Path) -> None:
    assert lines_about(tmp_path / "none", {"SCL_1"}, START, START) == []
