"""Each command that a document names can be given: those of manage.py are run, those of make and of
Docker are tried without doing them, and whatever else there is stands here, with who runs it.
"""

import re
import subprocess
from itertools import takewhile

import pytest
import yaml
from django.core.management import get_commands, load_command_class

from monitoring.documents import library
from monitoring.documents.library import documents
from tests.documents.commands import Command, commands, every

ROOT = library.ROOT
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
PROFILES = {profile for service in COMPOSE.values() for profile in service.get("profiles", ())}
# Of `docker compose`: options, and whether a value follows.
OPTIONS = {
    **dict.fromkeys(("--profile", "--scale", "--since"), True),
    **dict.fromkeys(("-d", "-T", "--no-deps", "--rm", "--follow"), False),
    **dict.fromkeys(("--no-log-prefix", "--no-color"), False),
}
# Neither of manage.py, make nor docker compose: who runs it, or why nobody does.
ELSEWHERE = {
    "curl": "tests/browser/test_handed_over.py",
    "export": "tests/browser/test_handed_over.py",
    "scripts/diagnose_livekit_connection.py": "tests/live/test_documented.py",
    "scripts/critical_incident_response.sh": "tests/live/test_documented.py",
    "cd": "before promtool",
    "../../.veyra/bin/promtool": "tests/metrics/test_promtool.py",
    **dict.fromkeys(("docker run", "docker kill", "docker image"), "tests have no Docker"),
    "pytest": "tests/live/test_streams.py is a test itself",
    "tests.bench": "measures for minutes: `make bench`",
    "tests.live.twice": "runs the live suite: `make prove`",
    "tests.upgrade.released": "at a release: tests/upgrade/test_released.py",
}


def in_pairs() -> list[str]:
    known = documents()
    return sorted(slug for slug, language in known if language == "ru" and (slug, "en") in known)


@pytest.mark.parametrize("slug", in_pairs())
def test_both_languages_of_a_document_name_the_same_commands(slug: str) -> None:
    russian, english = (commands(documents()[slug, language]) for language in ("ru", "en"))
    assert russian == english


def test_there_are_commands() -> None:
    assert len(every(["manage.py"])) > 20


@pytest.mark.parametrize("command", every(["manage.py"]), ids=str)
def test_a_command_of_manage_py_takes_what_it_is_given(command: Command) -> None:
    assert_parsed(command.given)


def assert_parsed(given: tuple[str, ...]) -> None:
    name, *options = takewhile(lambda word: word != ">", given)
    # To name a command without what it needs is no order to run it.
    if options:
        known = load_command_class(get_commands()[name], name)
        known.create_parser("manage.py", name).parse_args(options)
    assert name in get_commands()


@pytest.mark.parametrize("command", every(["make"]), ids=str)
def test_make_knows_what_it_is_asked_for(command: Command) -> None:
    shown = subprocess.run(
        ["make", "-n", *command.given], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert shown.returncode == 0 and shown.stdout, shown.stderr
    known = (ROOT / "Makefile").read_text() + (ROOT / ".env.example").read_text()
    variables = [word.partition("=")[0] for word in command.given if "=" in word]
    assert [name for name in variables if not re.search(rf"\b{name}\b", known)] == []


@pytest.mark.parametrize(
    "command", [each for each in every(["docker"]) if each.given[0] == "compose"], ids=str
)
def test_docker_compose_has_the_services_and_profiles_that_it_is_asked_for(
    command: Command,
) -> None:
    words = iter(command.given[1:])
    named: dict[str, list[str]] = {"": [], "--profile": [], "--scale": [], "--since": []}
    for word in words:
        if word in (">>", "python"):
            break
        if word not in OPTIONS:
            named[""].append(word)
        elif OPTIONS[word]:
            named[word].append(next(words))
    action, *services = named[""]
    if action == "cp":
        services = [each.partition(":")[0] for each in services if ":" in each]
    scaled = [each.partition("=")[0] for each in named["--scale"]]
    assert action in ("up", "stop", "logs", "run", "cp")
    assert {*services, *scaled} <= set(COMPOSE) and set(named["--profile"]) <= PROFILES
    if "manage.py" in command.words:
        assert_parsed(command.words[command.words.index("manage.py") + 1 :])


def test_whatever_else_a_document_names_has_somebody_who_runs_it() -> None:
    found = set()
    for document in documents().values():
        for command in commands(document):
            program, given = command.program, command.given
            if program in ("manage.py", "make") or (program, *given)[:2] == ("docker", "compose"):
                continue
            if program.endswith("python"):
                program = given[1] if given[0] == "-m" else given[0]
            found.add(f"docker {given[0]}" if program == "docker" else program.removeprefix("./"))
    assert found == set(ELSEWHERE)
    tests = [each.split("`")[0] for each in ELSEWHERE.values() if each.startswith("tests/")]
    assert [each for each in tests if not (ROOT / each.split()[0]).exists()] == []
