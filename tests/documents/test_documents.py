"""Documents lead where they say: each link and anchor, each “?”, each name of code and command."""

import posixpath
import re
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.urls import get_resolver

from monitoring.documents import help as pages
from monitoring.documents import library
from monitoring.documents.examples import read_example
from monitoring.documents.library import Document, documents
from veyra import look
from veyra.look import EVERYDAY, GROUPS

ROOT = library.ROOT
EVERY = [pytest.param(each, id=each.place) for each in documents().values()]
# Those whose every page is in both languages, with its version, date and state.
BOTH = sorted(
    {slug for slug, _ in documents() if slug.startswith("livekit_")}
    | {"api", "daily_work", "glossary", "providers", "recording_law", "where_things_are"}
    | {"deployment", "growing", "threat-model"}
)
STATED = {
    "ru": r"^> Версия \d+\.\d+ · \d\d\.\d\d\.\d{4} · действует$",
    "en": r"^> Version \d+\.\d+ · \d{4}-\d\d-\d\d · current$",
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
# Of the examples, and of Docker.
FOREIGN = {"VEYRA_KEY", "VEYRA_URL", "COMPOSE_PROFILES", "COMPOSE_FILE"}
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
def test_a_document_is_there_in_both_languages_with_its_version_date_and_state(slug: str) -> None:
    for language, stated in STATED.items():
        assert re.search(stated, documents()[slug, language].source, re.MULTILINE), language


@pytest.mark.parametrize("language", library.LANGUAGES)
@pytest.mark.parametrize("view", sorted(pages.PAGES))
def test_the_question_mark_of_a_page_leads_to_a_part_that_is_there(
    view: str, language: str
) -> None:
    slug, _hash, anchor = pages.PAGES[view].place.partition("#")
    assert anchor in documents()[slug, language].written.anchors
    term = pages.PAGES[view].term
    assert not term or all(pages.explained(term, language))


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
