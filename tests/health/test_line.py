"""LiveKit, the call entrance, providers and the sound of calls, each well and not well."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.utils import timezone

from agentworker.models import Session, Speaker, Turn, Worker
from monitoring.health import running
from monitoring.health.checks import media, versions
from monitoring.health.checks.line import Entrance, LiveKitServer, Load, Observer, Webhooks
from monitoring.health.checks.media import Addresses, Sound
from monitoring.health.checks.providers import Providers
from monitoring.health.checks.versions import Versions
from telephony import observing
from telephony.models import Call, CallEvent, Leg, Registration, Trunk
from telephony.reasons import Reason
from tests.health.made import verdict_of
from tests.health.world import Pages, answering_options
from tests.simulator.conftest import KEY, SECRET, Simulated, simulated
from veyra.models import Pulse

__all__ = ["simulated"]
pytestmark = pytest.mark.django_db


def call(**values: object) -> Call:
    now = timezone.now()
    given = {
        "unit": f"room:{uuid.uuid4()}",
        "state": Call.State.RINGING,
        "started_at": now - timedelta(seconds=40),
        "from_number": "+74950000001",
        "room_sid": "RM_1",
        **values,
    }
    return Call.objects.create(**given)


def test_livekit_is_asked_with_our_key(simulated: Simulated, settings: LazySettings) -> None:
    settings.LIVEKIT_URL, settings.LIVEKIT_API_KEY = simulated.url, KEY
    settings.LIVEKIT_API_SECRET = SECRET
    assert verdict_of(LiveKitServer).status == "ok"
    settings.LIVEKIT_API_SECRET = "another-secret-of-more-than-thirty-two-letters"
    found = verdict_of(LiveKitServer)
    assert found.status == "failed" and "refuses our key" in found.sentence.msgid
    settings.LIVEKIT_URL = "http://127.0.0.1:9"
    assert "does not answer" in verdict_of(LiveKitServer).sentence.msgid


def test_the_call_entrance_is_well_while_it_answers(settings: LazySettings) -> None:
    with answering_options() as port:
        settings.SIP_TEST_TO = f"127.0.0.1:{port}"
        assert verdict_of(Entrance).status == "ok"
    assert verdict_of(Entrance).status == "failed"


def test_a_busy_call_entrance_is_told_before_callers_complain(settings: LazySettings) -> None:
    settings.SIP_TEST_TO = "127.0.0.1:5060"
    with Pages() as gateway:
        settings.SIP_HEALTH_PORT = gateway.port
        assert verdict_of(Load).status == "ok"
        gateway.body = "UnderLoad"
        assert verdict_of(Load).status == "failed"
        gateway.body = "Stopped"
        assert verdict_of(Load).status == "failed"
        gateway.body = "<h1>Another program</h1>"
        assert verdict_of(Load).status == "off"
    settings.SIP_HEALTH_PORT = 0
    assert verdict_of(Load).status == "off"


def test_webhooks_are_missed_only_where_a_call_should_have_brought_one() -> None:
    assert verdict_of(Webhooks).status == "ok"
    began = call()
    assert verdict_of(Webhooks).status == "failed"
    assert verdict_of(Webhooks, silence=60).status == "ok"
    CallEvent.objects.create(event_id="1", source="webhook", kind="room_started", at=timezone.now())
    assert verdict_of(Webhooks).status == "ok"
    CallEvent.objects.update(received_at=began.started_at - timedelta(minutes=1))
    assert verdict_of(Webhooks).status == "failed"
    Call.objects.update(room_sid="")
    assert verdict_of(Webhooks).status == "ok"


def test_the_observer_is_well_while_it_sees_livekit(
    simulated: Simulated, settings: LazySettings
) -> None:
    settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET = KEY, SECRET
    settings.LIVEKIT_URL = "http://127.0.0.1:9"
    observing.observe()
    assert verdict_of(Observer).status == "failed"
    settings.LIVEKIT_URL = simulated.url
    observing.observe()
    assert verdict_of(Observer).status == "ok"
    Pulse.objects.update(at=timezone.now() - timedelta(seconds=90))
    assert verdict_of(Observer).status == "failed"


def trunk(**values: object) -> Trunk:
    return Trunk.objects.create(**{"name": "Novofon", "addresses": "203.0.113.0/24", **values})


def test_a_provider_that_used_to_answer_is_missed() -> None:
    assert verdict_of(Providers).status == "off"
    with answering_options(b"SIP/2.0 405 Method Not Allowed\r\n\r\n") as port:
        row = trunk(out_address=f"127.0.0.1:{port}")
        found = verdict_of(Providers)
        assert (found.status, found.felt) == ("ok", (f"provider:{row.pk}",))
    assert verdict_of(Providers).status == "ok"
    Pulse.beat(f"provider:{row.pk}")
    found = verdict_of(Providers)
    assert found.status == "failed" and found.sentence.values == {"names": "Novofon"}


def test_who_answered_is_remembered_by_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.health.every.CHECKS", (Providers,))
    with answering_options() as port:
        row = trunk(out_address=f"127.0.0.1:{port}")
        running.look(timezone.now())
    assert Pulse.is_felt(f"provider:{row.pk}", timedelta(seconds=5))


def test_a_provider_that_refuses_our_login_is_named() -> None:
    row = trunk(register_at="127.0.0.1:9")
    Registration.objects.create(trunk=row, state=Registration.State.REFUSED, code=403)
    assert verdict_of(Providers).sentence.values == {"names": "Novofon"}
    Registration.objects.update(state=Registration.State.REGISTERED)
    assert verdict_of(Providers).status == "ok"


def test_a_line_that_nobody_calls_is_told_where_staff_want_it() -> None:
    trunk()
    call(started_at=timezone.now() - timedelta(hours=5))
    found = verdict_of(Providers)
    assert found.status == "ok" and round(found.value or 0) == 5
    assert verdict_of(Providers, quiet=4).status == "warning"


@pytest.fixture
def entrance(settings: LazySettings) -> LazySettings:
    settings.SIP_TEST_TO, settings.SIP_METRICS_PORT = "127.0.0.1:5060", 0
    return settings


def test_a_private_address_is_no_address_for_a_provider_outside(entrance: LazySettings) -> None:
    entrance.PUBLIC_IP = ""
    trunk(addresses="10.0.0.5")
    assert verdict_of(Addresses).status == "ok"
    trunk(name="Far", addresses="10.0.0.6\n8.8.8.8")
    assert verdict_of(Addresses).sentence.values == {"ours": "127.0.0.1"}
    entrance.PUBLIC_IP = "192.168.1.7"
    assert verdict_of(Addresses).status == "warning"
    entrance.PUBLIC_IP, entrance.SIP_HOST = "9.9.9.9", "9.9.9.9"
    assert verdict_of(Addresses).status == "ok"
    entrance.SIP_HOST = "127.0.0.1"
    assert verdict_of(Addresses).sentence.values["found"] == "127.0.0.1"
    entrance.PUBLIC_IP = "auto"
    assert verdict_of(Addresses).status == "ok"


def figures(received: int, sent: int) -> str:
    line = 'livekit_sip_packets_rtp{dir="inbound",node_id="a",op="%s",payload="0",to=""} %d\n'
    return "# HELP x\n" + line % ("recv", received) + line % ("send", sent)


@pytest.fixture
def gateway(entrance: LazySettings) -> Iterator[Pages]:
    media.samples = media.Samples()
    with Pages() as pages:
        entrance.SIP_METRICS_PORT = pages.port
        yield pages


def test_a_call_of_which_no_packet_comes_is_told_by_the_gateways_figures(gateway: Pages) -> None:
    call(state=Call.State.ANSWERED, answered_at=timezone.now() - timedelta(seconds=20))
    gateway.body = figures(100, 100)
    assert verdict_of(Sound).status == "ok"
    gateway.body = figures(700, 700)
    assert verdict_of(Sound).status == "ok"
    gateway.body = figures(700, 1300)
    assert "does not reach us" in verdict_of(Sound).sentence.msgid
    gateway.body = figures(1300, 1300)
    assert "hear nothing" in verdict_of(Sound).sentence.msgid


def test_a_line_without_calls_needs_no_packets(gateway: Pages) -> None:
    call(state=Call.State.RINGING)
    call(state=Call.State.ANSWERED, answered_at=timezone.now() - timedelta(seconds=2))
    gateway.body = figures(100, 100)
    assert [verdict_of(Sound).status for _time in range(3)] == ["ok", "ok", "ok"]


def test_calls_that_were_cut_off_for_want_of_sound_are_counted(entrance: LazySettings) -> None:
    ended = timezone.now() - timedelta(minutes=1)
    call(state=Call.State.ENDED, reason=Reason.MEDIA_TIMEOUT, ended_at=ended)
    assert verdict_of(Sound).sentence.values == {"count": 1, "ports": "10000-10100"}
    Call.objects.update(ended_at=ended - timedelta(hours=1))
    assert verdict_of(Sound).status == "ok"


def test_callers_of_whom_nobody_hears_a_word_are_noticed(entrance: LazySettings) -> None:
    now = timezone.now()
    for minute in range(3):
        ended = now - timedelta(minutes=minute)
        row = call(
            state=Call.State.ENDED,
            outcome=Call.Outcome.ANSWERED,
            answered_at=ended - timedelta(seconds=30),
            ended_at=ended,
        )
        Leg.objects.create(call=row, role="caller", sip_call_id=f"SCL_{minute}")
    assert verdict_of(Sound).status == "warning"
    assert verdict_of(Sound, mute=4).status == "ok"
    session = Session.objects.create(job_id="AJ_1", sip_call_id="SCL_1", started_at=now)
    Turn.objects.create(session=session, turn_id="1", speaker=Speaker.AGENT, text="Hi", at=now)
    assert verdict_of(Sound).status == "warning"
    Turn.objects.create(session=session, turn_id="2", speaker=Speaker.CALLER, digit="1", at=now)
    assert verdict_of(Sound).status == "ok"


def test_a_version_that_nobody_tried_is_told(
    monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    now = timezone.now()
    monkeypatch.setattr(versions, "gateway_program", lambda: "")
    assert verdict_of(Versions).status == "off"
    worker = {"host": "h", "pid": 1, "started_at": now, "seen_at": now, "capacity": 1}
    Worker.objects.create(name="one", livekit_version="1.13.5", **worker)
    assert verdict_of(Versions).status == "ok"
    Worker.objects.update(livekit_version="2.0.1")
    found = verdict_of(Versions)
    assert found.status == "warning" and "LiveKit 2.0.1" in found.sentence.values["versions"]


def test_the_gateways_version_is_read_from_its_program(tmp_path: Path) -> None:
    program = tmp_path / "livekit-sip"
    assert versions.program_version(str(program)) == ""
    program.write_bytes(b"\0dep\tgithub.com/livekit/sip\tv1.8.4\th1:\n\0")
    assert versions.program_version(str(program)) == "1.8.4"
    assert versions.is_tested("livekit-sip", "1.8.4")
    assert not versions.is_tested("livekit-sip", "1.9.0")
    assert versions.is_tested("livekit-sip", "unknown")
