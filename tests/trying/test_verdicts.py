"""Whether an assistant did what a scenario wants of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentworker.trying.answer import Answer, Used
from agentworker.trying.playing import read_judgement
from agentworker.trying.steps import (
    Kind,
    Must,
    Step,
    alternatives,
    as_json,
    read_steps,
    seconds_of,
)
from agentworker.trying.verdicts import Verdict, first_said, judge, passed

PRICE = Answer(("Чистка стоит", "тысячу пятьсот рублей."), ms=1200)
words = st.text("абвгде жз", max_size=40)
answers = st.builds(
    Answer,
    said=st.tuples(words),
    used=st.lists(st.builds(Used, name=words, asked=st.dictionaries(words, words))).map(tuple),
    transferred=words,
    ended=st.booleans(),
    ms=st.integers(0, 60_000),
)
musts = st.builds(
    Must, kind=st.sampled_from([k for k in Kind if k is not Kind.WITHIN]), text=words, tool=words
)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("тысяча пятьсот рублей", "тысяча пятьсот рублей"),
        ("1500 / тысячей пятьсот", "тысячей пятьсот"),
        ("ЧИСТКУ", "ЧИСТКУ"),
        ("рублей пятьсот", ""),
        ("две тысячи / бесплатно", ""),
        ("", ""),
        (" / ", ""),
    ],
)
def test_words_are_found_in_any_form_and_one_after_another(wanted: str, found: str) -> None:
    assert first_said(wanted, PRICE.text) == found


@given(musts, answers)
def test_what_it_says_and_does_not_say_are_opposites(must: Must, answer: Answer) -> None:
    says = judge(Must(Kind.SAYS, must.text), answer).ok
    assert judge(Must(Kind.NOT_SAYS, must.text), answer).ok is not says


@given(words.filter(lambda text: bool(alternatives(text))), words, words)
def test_what_stands_in_an_answer_is_found_there(wanted: str, before: str, after: str) -> None:
    said = first_said(wanted, f"{before} {wanted} {after}")
    assert bool(said) == any(any(map(str.isalnum, each)) for each in alternatives(wanted))


@given(musts, answers)
def test_every_verdict_can_be_told(must: Must, answer: Answer) -> None:
    verdict = judge(must, answer)
    assert str(verdict.why) is not None
    assert (verdict.ok is None) == (must.kind is Kind.JUDGED)


@pytest.mark.parametrize(
    ("must", "ok", "why"),
    [
        (Must(Kind.TOOL, "", "message"), True, ""),
        (Must(Kind.TOOL, "зубы", "message"), True, ""),
        (Must(Kind.TOOL, "ухо", "message"), False, "message (text: болит зуб)"),
        (Must(Kind.TOOL, "", "end"), False, "message (text: болит зуб)"),
        (Must(Kind.TRANSFERS, "продажа"), True, ""),
        (Must(Kind.TRANSFERS, "врач"), False, "Отдел продаж"),
        (Must(Kind.TRANSFERS), True, ""),
        (Must(Kind.ENDS), False, ""),
        (Must(Kind.WITHIN, "1,5"), True, ""),
        (Must(Kind.WITHIN, "1"), False, "1.2"),
    ],
)
def test_what_it_did_is_judged(must: Must, ok: bool, why: str) -> None:
    used = (Used("message", "message", asked={"text": "болит зуб", "when": ""}),)
    verdict = judge(must, Answer(("Сейчас",), used, "Отдел продаж", ms=1200))
    assert verdict.ok is ok
    assert why in str(verdict.why)


def test_who_used_nothing_is_told_so() -> None:
    verdict = judge(Must(Kind.TOOL, tool="end"), PRICE)
    assert verdict.ok is False
    assert str(verdict.why) == "It used nothing."


def test_what_nobody_can_judge_holds_nothing_up() -> None:
    assert passed([Verdict(True), Verdict(None)])
    assert not passed([Verdict(None), Verdict(False)])


@pytest.mark.parametrize(
    ("said", "ok", "why"),
    [
        ("НЕТ: он груб.", False, "он груб."),
        ("**Да**, вежливо", True, "вежливо"),
        ("Yes", True, ""),
        ("no - it\nis rude", False, "it is rude"),
        ("Даже не знаю", None, "could not tell"),
        ("", None, "could not tell"),
    ],
)
def test_a_minds_word_is_read(said: str, ok: bool | None, why: str) -> None:
    verdict = read_judgement(said)
    assert verdict.ok is ok
    assert why in str(verdict.why)


@given(st.text())
def test_whatever_a_mind_says_can_be_read(said: str) -> None:
    assert read_judgement(said).ok in (True, False, None)


@given(st.lists(st.builds(Step, say=words, press=words, must=st.lists(musts).map(tuple))))
def test_steps_and_answers_are_read_as_they_were_written(steps: list[Step]) -> None:
    assert read_steps(as_json(steps)) == tuple(steps)


@given(answers)
def test_an_answer_is_read_as_it_was_written(answer: Answer) -> None:
    assert Answer.from_json(answer.to_json()) == answer


@pytest.mark.parametrize("text", ["", "soon", "0", "-1", "61", "nan", "inf"])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        seconds_of(text)
