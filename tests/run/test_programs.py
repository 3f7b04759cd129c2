"""What one supervisor keeps alive, and the configuration that tells it so."""

import configparser
import shlex
from dataclasses import replace
from pathlib import Path

import yaml
from django.conf import LazySettings

from veyra.up.choose import Choice, Kind
from veyra.up.programs import Layout, Program, programs, supervisord_conf

ROOT = Path(__file__).resolve().parent.parent.parent
LAYOUT = Layout(
    python="/srv/veyra/.venv/bin/python",
    base=Path("/srv/veyra"),
    state=Path("/srv/state"),
    broker="/usr/bin/redis-server",
    web_host="127.0.0.1",
    web_port=8000,
    uid=1000,
)
REAL = Choice(kind=Kind.BUILT, server="/b/livekit-server", gateway="/b/livekit-sip")


def names(layout: Layout, choice: Choice) -> list[str]:
    return [program.name for program in programs(layout, choice)]


WORK = ["worker", "worker-calls", "worker-slow", "worker-saving", "beat"]
CALLERS = ["agent", "watchdog", "standby", "recorder"]


def read(text: str) -> configparser.RawConfigParser:
    # As supervisord reads it: " ;" begins a comment.
    parser = configparser.RawConfigParser(inline_comment_prefixes=(" ;", "\t;"))
    parser.read_string(text)
    return parser


def test_a_machine_of_its_own_runs_everything() -> None:
    ours = ["web", *WORK, "tap", "lookout", *CALLERS]
    own = ["broker", "livekit-server", "livekit-sip", *ours]
    assert names(LAYOUT, REAL) == own


def test_lines_that_must_register_are_served_where_kamailio_and_a_gateway_are() -> None:
    layout = replace(LAYOUT, kamailio=("/usr/sbin/kamailio", "-DD"))
    sign_in = ["kamailio", "registrar"]
    assert [name for name in names(layout, REAL) if name in sign_in] == sign_in
    elsewhere = Choice(kind=Kind.CONFIGURED)
    assert not set(sign_in) & {*names(layout, elsewhere), *names(LAYOUT, REAL)}


def test_what_runs_elsewhere_is_not_started() -> None:
    layout = replace(LAYOUT, broker="")
    configured = Choice(kind=Kind.CONFIGURED)
    assert names(layout, configured) == ["web", *WORK, "tap", "lookout", *CALLERS]


def test_without_a_gateway_the_rest_runs() -> None:
    assert "livekit-sip" not in names(LAYOUT, replace(REAL, gateway=""))


def test_the_simulator_has_no_agent_because_it_has_no_sound() -> None:
    started = names(LAYOUT, Choice(kind=Kind.SIMULATOR))
    assert "simulator" in started and not set(CALLERS) & set(started)


def test_what_waits_for_telephones_or_takes_long_holds_up_nothing_else() -> None:
    queues = [
        p.command[p.command.index("-Q") + 1] for p in programs(LAYOUT, REAL) if "-Q" in p.command
    ]
    assert queues == ["default,livekit,hands", "calls", "slow", "saving"]


def test_every_queue_has_somebody_who_works_on_it(settings: LazySettings) -> None:
    wanted = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}
    compose = yaml.safe_load((settings.BASE_DIR / "docker-compose.yml").read_text())
    here = [p.command for p in programs(LAYOUT, REAL)]
    there = [service.get("command", []) for service in compose["services"].values()]
    for commands in (here, there):
        queues = [words[words.index("-Q") + 1] for words in commands if "-Q" in words]
        assert set(",".join(queues).split(",")) == {"default", *wanted}


def test_hands_on_a_call_do_not_wait_for_telephones(settings: LazySettings) -> None:
    queues = {task: route["queue"] for task, route in settings.CELERY_TASK_ROUTES.items()}
    assert queues["telephony.dial"] == queues["telephony.transfer"] == "calls"
    assert "calls" not in (queues["telephony.act"], queues["telephony.attend"])


def test_every_program_is_restarted_leashed_and_logged() -> None:
    parser = read(supervisord_conf(LAYOUT, programs(LAYOUT, REAL)))
    for name in parser.sections():
        if not name.startswith("program:"):
            continue
        assert parser[name]["autorestart"] == "true"
        assert "leash.py" in parser[name]["command"]
        assert parser[name]["stdout_logfile"].startswith("/srv/state/logs/")


def test_programs_wait_for_our_broker_and_for_no_other() -> None:
    own = read(supervisord_conf(LAYOUT, programs(LAYOUT, REAL)))
    assert "--after /srv/state/broker.sock" in own["program:web"]["command"]
    assert "--after" not in own["program:broker"]["command"]
    layout = replace(LAYOUT, broker="")
    other = read(supervisord_conf(layout, programs(layout, REAL)))
    assert "--after" not in other["program:web"]["command"]


def test_a_folder_with_any_name_survives_the_configuration() -> None:
    state = Path("/srv/it's 100% mine; really")
    program = Program("web", ("/bin/run", str(state)))
    parser = read(supervisord_conf(replace(LAYOUT, state=state), [program]))
    command = parser["program:web"]["command"] % {}
    assert shlex.split(command)[-1] == str(state)


def test_no_worker_asks_for_others_while_its_broker_may_go() -> None:
    """Celery ends one whose question is cut off."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    commands = [program.command for program in programs(LAYOUT, REAL)]
    commands += [each.get("command", ()) for each in compose["services"].values()]
    workers = [command for command in commands if {"celery", "worker", "-Q"} <= {*command}]
    assert len(workers) == 9
    assert all({"--without-mingle", "--without-gossip"} <= {*command} for command in workers)
