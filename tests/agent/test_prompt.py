"""What a mind is told before a call."""

from dataclasses import replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from agentworker.prompt import instructions_of
from agentworker.script import MenuItem, Script

NOW = datetime(2026, 7, 21, 14, 5)
SCRIPT = Script("key", 1, "ru", "Здравствуйте!", instructions="Ты администратор клиники.")


def test_it_hears_who_it_is_how_one_speaks_and_what_time_it_is() -> None:
    told = instructions_of(SCRIPT, NOW)
    assert told.startswith("Ты администратор клиники.")
    for part in ("говоришь по телефону", "вторник", "21 июля 2026", "14:05", "по-русски"):
        assert part in told
    assert "не обещай перевести" in told


def test_it_hears_that_it_may_use_tools_only_where_it_has_some() -> None:
    tools = ({"kind": "end", "name": "end"},)
    assert "инструмент" in instructions_of(replace(SCRIPT, tools=tools), NOW)
    by_key = replace(SCRIPT, menu=(MenuItem("0", "", do="end"),))
    assert "инструмент" in instructions_of(by_key, NOW)
    assert "инструмент" not in instructions_of(SCRIPT, NOW)


def test_who_follows_the_caller_is_told_so_in_its_language() -> None:
    english = replace(SCRIPT, language="en", instructions="", follows_caller=True)
    told = instructions_of(english, NOW)
    assert "Russian if the caller" in told and "July 21, 2026" in told and "Tuesday" in told


@given(st.text(max_size=200), st.datetimes())
def test_any_words_of_staff_stand_in_it_as_they_are(text: str, now: datetime) -> None:
    assert text.strip() in instructions_of(replace(SCRIPT, instructions=text), now)
