"""Documents lead where they say: each link and anchor, each “?”, each name of code and command."""

import posixpath
import re
import subprocess
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.urls import get_resolver

from monitoring.documents import diagrams, library
from monitoring.documents import help as pages
from monitoring.documents.examples import read_example
from monitoring.documents.library import Document, documents
from monitoring.incidents.rulebook import BY_SLUG
from tests.browser.pictures import BESIDE, PAGES
from tests.documents import incidents
from veyra import look
from veyra.look import EVERYDAY, GROUPS
from veyra.version import version

ROOT = library.ROOT
EVERY = [pytest.param(each, id=each.place) for each in documents().values()]
# All but the list of changes are in both languages.
BOTH = sorted({slug for slug, _language in documents()} - {"CHANGELOG"})
# All but the first page that a stranger sees say of which version they are, of which day, and that
# they hold.
STATED = sorted(set(BOTH) - {"README"})
STATE = {
    "ru": re.compile(r"^> Версия (\d+\.\d+) · (\d\d)\.(\d\d)\.(\d{4}) · действует$", re.M),
    "en": re.compile(r"^> Version (\d+\.\d+) · (\d{4})-(\d\d)-(\d\d) · current$", re.M),
}
# Of the mission's index: each file, and each anchor that it names.
ASKED_FOR = """
livekit_system_setup_guide livekit_system_setup_guide#производительность
livekit_troubleshooting_guide livekit_troubleshooting_guide#2-проблемы-sip-подключения
livekit_troubleshooting_guide#4-проблемы-производительности
livekit_monitoring_maintenance_guide livekit_monitoring_maintenance_guide#4-процедуры-обслуживания
livekit_monitoring_maintenance_guide#43-ежемесячные-задачи
livekit_monitoring_maintenance_guide#5-планы-реагирования-на-инциденты
livekit_architecture_diagrams livekit_architecture_diagrams#3-sip-интеграция-и-маршрутизация
livekit_architecture_diagrams#6-безопасность-и-управление-токенами
livekit_architecture_diagrams#9-производительность-и-масштабирование
livekit_auth_usage livekit_security_configuration livekit_sip_configuration
livekit_egress_usage livekit_ingress_usage livekit_monitoring_system livekit_documentation_index
"""
# In a block: a command with its options.
RUN = re.compile(r"^\.venv/bin/python manage\.py (\w+)(.*)$", re.MULTILINE)
FOLDERS = "veyra|telephony|monitoring|recordings|agentworker|deploy"
# Of the examples, of Docker, and of the code.
FOREIGN = {"VEYRA_KEY", "VEYRA_URL", "COMPOSE_PROFILES", "COMPOSE_FILE"}
FOREIGN |= {"MEDIA_ROOT", "TRIAL_ROOM", "SECOND_FACTOR_ROLES"}
PROGRAMS = "api_usage_examples auth_example security_example monitoring_example egress_example"


def names(program: str) -> set[str]:
    return {name for name, _line in read_example(program)}


def leads(document: Document, link: str) -> bool:
    path, _hash, anchor = link.partition("#")
    place = posixpath.normpath(posixpath.join(posixpath.dirname(document.place), path))
    target = library.by_place().get(place if path else document.place)
    if target:
        return not anchor or anchor in target.written.anchors
    if place.startswith("examples/"):
        return not anchor or anchor in names(posixpath.basename(place))
    return (ROOT / place).exists()


@pytest.mark.parametrize("document", EVERY)
def test_every_link_and_anchor_of_a_document_leads_somewhere(document: Document) -> None:
    inside = [each for each in document.written.links if "://" not in each]
    assert [each for each in inside if not leads(document, each)] == []


@pytest.mark.parametrize("document", EVERY)
def test_no_link_of_a_shown_document_leads_out_of_the_desk(document: Document) -> None:
    hrefs = re.findall(r'href="([^"]*)"', document.written.html)
    assert [each for each in hrefs if not each.startswith(("/docs/", "#", "http", "mailto"))] == []


@pytest.mark.parametrize("asked", ASKED_FOR.split())
def test_what_the_missions_index_names_is_there_in_russian(asked: str) -> None:
    slug, _hash, anchor = asked.partition("#")
    document = documents()[slug, "ru"]
    assert document.place == f"docs/{slug}.md"
    assert not anchor or anchor in document.written.anchors
    index = documents()[library.INDEX, "ru"]
    link = f"{slug}.md#{anchor}" if anchor else f"{slug}.md"
    assert slug == library.INDEX or link in index.written.links


def test_the_programs_that_the_missions_index_names_are_there() -> None:
    wanted = {f"livekit_{name}.py" for name in [*PROGRAMS.split(), "ingress_example"]}
    assert wanted <= set(library.examples())
    assert "voice_ai_integration_examples" in names("livekit_api_usage_examples.py")


@pytest.mark.parametrize("slug", BOTH)
def test_a_document_has_the_same_parts_in_both_languages(slug: str) -> None:
    russian, english = (documents()[slug, language] for language in library.LANGUAGES)
    parts = [[part.level for part in each.written.sections] for each in (russian, english)]
    assert parts[0] == parts[1]
    own = [re.findall(r'^<a id="([\w-]+)"></a>$', each.source, re.M) for each in (russian, english)]
    assert set(own[1]) <= russian.written.anchors and set(own[0]) <= english.written.anchors


def state(slug: str, language: str) -> tuple[str, date]:
    """Of which version a document says that it is, and of which day."""
    found = STATE[language].search(documents()[slug, language].source)
    assert found, f"{slug} {language}: no version, date and state"
    of, *numbers = found.groups()
    return of, date(*map(int, reversed(numbers) if language == "ru" else numbers))


@pytest.mark.parametrize("slug", STATED)
def test_a_document_is_of_this_version_and_of_the_same_day_in_both_languages(slug: str) -> None:
    assert state(slug, "ru") == state(slug, "en")
    assert version().startswith(f"{state(slug, 'ru')[0]}.")


@pytest.mark.parametrize("language", library.LANGUAGES)
def test_the_document_of_incidents_says_what_their_pages_say(language: str) -> None:
    """`python -m tests.documents.incidents` writes it anew."""
    told = documents()["incidents", language].source.partition(incidents.BEGINS[language])
    assert "".join(told[1:]) == incidents.written(language)


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="there are no dates of changes here")
def test_no_document_was_changed_after_the_day_that_it_names() -> None:
    """A day more is allowed, for clocks and for work that goes on at midnight."""
    wanted = [
        "git",
        "log",
        "--format=day %cs",
        "--name-only",
        "--",
        "docs/*.md",
        "ARCHITECTURE*.md",
    ]
    log = subprocess.run(wanted, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    day, changed = "", dict[str, date]()
    for line in filter(None, log.splitlines()):
        if line.startswith("day "):
            day = line.removeprefix("day ")
        else:
            changed.setdefault(line, date.fromisoformat(day))
    stated = {slug: state(slug, "en")[1] + timedelta(days=1) for slug in STATED}
    every = [each for each in documents().values() if each.slug in stated]
    assert [e.place for e in every if changed.get(e.place, date.min) > stated[e.slug]] == []


@pytest.mark.parametrize("language", library.LANGUAGES)
@pytest.mark.parametrize("view", sorted(pages.PAGES))
def test_the_question_mark_of_a_page_leads_to_a_part_that_is_there(
    view: str, language: str
) -> None:
    slug, _hash, anchor = pages.PAGES[view].place.partition("#")
    assert anchor in documents()[slug, language].written.anchors
    term = pages.PAGES[view].term
    assert not term or all(pages.explained(term, language, is_engineer=False))


@pytest.mark.parametrize("language", library.LANGUAGES)
@pytest.mark.parametrize("rule", sorted(BY_SLUG))
def test_the_question_mark_of_an_incident_leads_to_its_part(rule: str, language: str) -> None:
    slug, _hash, anchor = pages.of_trouble(rule).place.partition("#")
    assert anchor in documents()[slug, language].written.anchors


def test_each_page_with_help_is_a_page() -> None:
    patterns = get_resolver().reverse_dict
    admin = get_resolver().namespace_dict["admin"][1].reverse_dict
    for view in pages.PAGES:
        name = view.removeprefix("admin:")
        known = admin if view.startswith("admin:") else patterns
        assert name in known or f"{name}_changelist" in known, view


def test_each_line_of_the_menu_has_help() -> None:
    every = [*EVERYDAY, *(line for _title, lines in GROUPS for line in lines)]
    lines = [line.url for line in every if look.link(line.url)]
    assert [url for url in lines if pages.of(url) is None] == []


@pytest.mark.parametrize("document", EVERY)
def test_the_commands_of_a_document_exist(document: Document) -> None:
    named = set(re.findall(r"manage\.py ([a-z]+)", document.source))
    assert named <= set(get_commands()), document.place
    for name, given in re.findall(
        r"^\.venv/bin/python manage\.py (\w+)(.*)$", document.source, re.M
    ):
        command = load_command_class(get_commands()[name], name)
        command.create_parser("manage.py", name).parse_args(given.split())
    targets = set(re.findall(r"`make ([a-z]+)", document.source))
    made = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert targets <= made


@pytest.mark.parametrize("slug", BOTH)
def test_code_and_variables_that_a_document_names_exist(slug: str) -> None:
    known = (ROOT / ".env.example").read_text()
    for language in library.LANGUAGES:
        source = documents()[slug, language].source
        paths = re.findall(rf"`((?:{FOLDERS})/[\w/.]+)`", source)
        assert [path for path in paths if not Path(ROOT, path).exists()] == []
        variables = re.findall(r"`([A-Z]+_[A-Z_]+)\b", source)
        assert {each for each in variables if each not in known} <= FOREIGN


def test_each_diagram_is_drawn_and_no_drawing_is_left_of_one_that_is_gone() -> None:
    """Another text of a diagram is drawn by `make pictures`."""
    texts = [text for each in documents().values() for text in each.written.diagrams]
    drawn = {path.name for path in library.IMAGES.glob("*.svg")}
    assert texts and drawn == {diagrams.name(text) for text in texts}


def test_each_picture_is_made_by_a_test_and_shown_by_a_document_of_its_language() -> None:
    shown = {
        (posixpath.basename(link), each.language)
        for each in documents().values()
        for link in each.written.links
        if link.endswith(".png")
    }
    made = {(f"{n}-{each}.png", each) for n in (*PAGES, *BESIDE) for each in library.LANGUAGES}
    assert shown == made
    assert {name for name, _language in made} == {
        path.name for path in library.IMAGES.glob("*.png")
    }
