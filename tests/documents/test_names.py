"""What documents call by a name is there: buttons and pages, settings, names of the first plan."""

import re
from pathlib import Path

import polib
import pytest
from django.utils.translation import gettext, override

from monitoring.documents import library
from monitoring.documents.library import Document, documents
from telephony.providers import PRESETS, Preset

ROOT = library.ROOT
# For whoever reads the code, not the pages.
OF_CODE = {"CHANGELOG", "ARCHITECTURE", "threat-model"}
QUOTED = {"ru": re.compile(r"«([^«»\n]+)»"), "en": re.compile(r"“([^“”\n]+)”")}
# Within a sentence; what begins one is a heading of its own.
BOLD = re.compile(r"(?<=[\w,:;→)] )\*\*([^*\n]+)\*\*")
BUTTONS = re.compile(r"^\| (?:Кнопка|Button) \|.+\n\| --- .+\n((?:\|.+\n)+)", re.MULTILINE)
# No names: what somebody says, or types himself.
SAID = {
    "ru": {"?", "SIP", "Speech", "да", "номер заказа", "отвечает вежливо", "перезвоните позже"},
    "en": {"?", "yes", "number of the order", "wish", "is polite"},
}
SAID["ru"] |= {"Эта страница", "Казань видит свои номера и звонки", "чего хочет", "суббота 20:00"}
SAID["en"] |= {
    "this page",
    "the Kazan shop sees its own numbers and calls",
    "Speech",
    "Saturday 20:00",
}
# Folders and files of the mission's index that Veyra has elsewhere.
FIRST_PLAN = """
config/livekit_config.py config/livekit_auth.yaml config/security.yaml config/monitoring.yaml
config/performance.yaml config/retry_policies.yaml
src/auth/ src/clients/ src/services/ src/monitoring/ src/security/ src/integration/
scripts/diagnose_livekit_connection.py scripts/critical_incident_response.sh
logs/livekit_system.log http://localhost:8000/health examples/
"""
ROW = re.compile(r"^\| `([^`]+)` \| (.+) \|$", re.MULTILINE)
SETTING = re.compile(r"^\| `([A-Z_]+)` \| (.+?) \| .+ \|$", re.MULTILINE)


def plain(name: str) -> str:
    """Without the marks at its end, and without what is put in as the page is shown."""
    return re.sub(r"[ (:]*%\(.*$", "", name).rstrip("….:,").lower()


def shown(language: str) -> set[str]:
    """What stands on pages in this language, and the headings of documents."""
    entries = polib.pofile(str(ROOT / "locale/ru/LC_MESSAGES/django.po"))
    words = {each.msgid if language == "en" else each.msgstr for each in entries}
    # Such as buttons of a provider's own pages.
    words |= {name for each in words for name in QUOTED[language].findall(each)}
    heads = {part.title for each in named(language) for part in each.written.sections}
    return {plain(each) for each in words | heads}


def named(language: str) -> list[Document]:
    return [each for (_slug, spoken), each in documents().items() if spoken == language]


def names(document: Document) -> set[str]:
    source = re.sub(r"```.*?```|`[^`\n]+`", "", document.source, flags=re.DOTALL)
    rows = "".join(BUTTONS.findall(source)).splitlines()
    buttons = [row.split("|")[1].strip() for row in rows]
    return {*QUOTED[document.language].findall(source), *BOLD.findall(source), *buttons}


@pytest.mark.parametrize("language", library.LANGUAGES)
def test_pages_and_buttons_have_the_names_that_documents_call_them_by(language: str) -> None:
    known = shown(language)
    for document in named(language):
        if document.slug not in OF_CODE:
            strange = {each for each in names(document) if plain(each) not in known}
            assert strange <= SAID[language], document.place


@pytest.mark.parametrize("language", library.LANGUAGES)
@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.slug)
def test_each_provider_of_the_wizard_has_its_steps_in_the_document(
    preset: Preset, language: str
) -> None:
    part = library.section("providers", preset.slug, language)
    signing = preset.sign_in
    told = [*preset.steps, *preset.notes, *(signing.steps + signing.notes if signing else ())]
    with override(language):
        wanted = [gettext(each).replace("%%", "%") for each in (preset.about, *told)]
    wanted += [fact.value for fact in preset.networks]
    example = {"host": "sip.myveyra.ai", "port": "5060", "address": "sip.myveyra.ai:5060"}
    for name, value in example.items():
        wanted = [each.replace(f"%({name})s", value) for each in wanted]
    assert part and [each for each in wanted if each not in part.text] == []


@pytest.mark.parametrize("language", library.LANGUAGES)
def test_every_name_of_the_first_plan_is_in_the_table(language: str) -> None:
    rows = dict(ROW.findall(documents()["where_things_are", language].source))
    assert set(FIRST_PLAN.split()) == set(rows)
    paths = [each for row in rows.values() for each in re.findall(r"`([\w./]+/[\w./]*)`", row)]
    ours = [each for each in paths if not each.startswith(("logs/", "/"))]
    assert ours and [each for each in ours if not Path(ROOT, each).exists()] == []


@pytest.mark.parametrize("language", library.LANGUAGES)
def test_every_setting_of_an_installation_has_its_line(language: str) -> None:
    example = (ROOT / ".env.example").read_text()
    values = dict(re.findall(r"^# ([A-Z_]+)=(.*)$", example, re.MULTILINE))
    rows = SETTING.findall(documents()["settings", language].source)
    assert [name for name, _default in rows] == list(values)
    told = [(name, default[1:-1]) for name, default in rows if re.fullmatch("`[^`]+`", default)]
    assert told and [name for name, default in told if not values[name].endswith(default)] == []
