"""Every sentence that a person reads is there in Russian."""

import re
import shutil
import subprocess
from pathlib import Path

import polib
import pytest

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = sorted((ROOT / "locale").glob("*/LC_MESSAGES/*.po"))
PLACE = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}")


def entries(path: Path) -> list[polib.POEntry]:
    return [entry for entry in polib.pofile(str(path)) if not entry.obsolete]


def test_there_are_catalogues() -> None:
    assert {path.name for path in CATALOGUES} >= {"django.po"}


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.name)
def test_every_sentence_is_translated(path: Path) -> None:
    assert [e.msgid for e in entries(path) if not e.translated() or e.fuzzy] == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.name)
def test_a_translation_keeps_the_places_for_values(path: Path) -> None:
    wrong = [
        entry.msgid
        for entry in entries(path)
        for text in [entry.msgstr, *list(entry.msgstr_plural.values())]
        if text and set(PLACE.findall(text)) - set(PLACE.findall(entry.msgid + entry.msgid_plural))
    ]
    assert wrong == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.name)
def test_the_compiled_catalogue_is_that_of_the_text(path: Path) -> None:
    def pairs(catalogue: polib._BaseFile) -> dict[tuple[str, str], tuple[str, list[str]]]:
        return {
            (entry.msgctxt or "", entry.msgid): (entry.msgstr, list(entry.msgstr_plural.values()))
            for entry in catalogue
            if not entry.obsolete
        }

    assert pairs(polib.pofile(str(path))) == pairs(polib.mofile(str(path.with_suffix(".mo"))))


def test_no_sentence_hides_in_an_f_string_where_xgettext_does_not_look() -> None:
    sources = subprocess.run(
        ["git", "ls-files", "*.py", ":!tests"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    hidden = re.compile(r"\bf[\"'].*\{(_|n?gettext|pgettext)\(")
    assert [path for path in sources if hidden.search((ROOT / path).read_text())] == []


def test_the_catalogue_has_every_sentence_of_the_code(tmp_path: Path) -> None:
    if shutil.which("xgettext") is None:
        pytest.skip("xgettext is not installed (package gettext)")
    sources = subprocess.run(
        ["git", "ls-files", "*.py", "*.html"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    found = tmp_path / "found.pot"
    keywords = ["_", "gettext", "gettext_lazy", "gettext_noop", "ngettext:1,2", "pgettext:1c,2"]
    subprocess.run(
        ["xgettext", "-L", "Python", "--from-code", "UTF-8", "-o", str(found)]
        + [f"--keyword={keyword}" for keyword in keywords]
        + [name for name in sources if name.endswith(".py") and not name.startswith("tests/")],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    wanted = {entry.msgid for entry in polib.pofile(str(found))}
    wanted |= template_sentences([ROOT / name for name in sources if name.endswith(".html")])
    have = {entry.msgid for path in CATALOGUES for entry in entries(path)}
    assert wanted - have == set()


def template_sentences(paths: list[Path]) -> set[str]:
    """Sentences of {% translate "..." %} and {% _("...") %}; blocks are left to makemessages."""
    simple = re.compile(r"""{%\s*trans(?:late)?\s+(["'])(.*?)\1""")
    return {match[2] for path in paths for match in simple.finditer(path.read_text())}
