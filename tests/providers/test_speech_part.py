"""The part of an assistant's page by which somebody chooses who hears, thinks and speaks."""

import re
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from agentworker.keys import ProviderKey
from agentworker.models import Agent
from agentworker.parts.speech import MOST, SpeechPart
from agentworker.providers import PROVIDERS
from agentworker.providers.catalog import Part
from agentworker.services import Words
from veyra.models import User

pytestmark = pytest.mark.django_db
WORDS = Words("ru", "Здравствуйте!", [], [])


def key(provider: str, name: str = "") -> ProviderKey:
    return ProviderKey.objects.create(name=name or provider, provider=provider, secret="x")


def part(speech: dict[str, Any], data: dict[str, str] | None = None) -> SpeechPart:
    words = Words("ru", "Здравствуйте!", [], [], speech=speech)
    initial = SpeechPart.initial_from(words)
    posted = {"language": "ru"} | {f"speech-{name}": value for name, value in (data or {}).items()}
    return SpeechPart(posted if data is not None else None, initial=initial, agent=Agent())


def as_shown(speech: dict[str, Any]) -> dict[str, str]:
    """What a browser sends back, where nobody changed anything."""
    shown = part(speech)
    return {name: str(shown[name].initial or "") for name in shown.fields}


def saved(speech: dict[str, Any], data: dict[str, str]) -> dict[str, Any]:
    found = part(speech, data)
    assert found.is_valid(), found.errors
    return found.into(WORDS).speech


def test_where_nobody_chose_nothing_is_written() -> None:
    assert saved({}, as_shown({})) == {}


def test_a_choice_is_written_as_short_as_it_can_be() -> None:
    row = key("openai")
    data = as_shown({}) | {"voice_0_who": str(row.key), "mind_0_who": str(row.key)}
    one = {"provider": "openai", "key": str(row.key)}
    assert saved({}, data) == {"voice": [one], "mind": [one]}


def test_ours_before_another_is_written_out() -> None:
    row = key("openai")
    data = as_shown({}) | {"voice_1_who": str(row.key)}
    rows = saved({}, data)["voice"]
    assert [each["provider"] for each in rows] == ["offline", "openai"]


def test_a_voice_of_another_provider_is_let_go() -> None:
    row = key("openai")
    data = as_shown({}) | {"voice_0_who": str(row.key), "voice_0_voice": "yandex:alena"}
    assert "voice" not in saved({}, data)["voice"][0]


def test_a_voice_is_chosen_from_the_list_or_typed() -> None:
    row = key("elevenlabs")
    voice = PROVIDERS["elevenlabs"].voices[1].name
    data = as_shown({}) | {"voice_0_who": str(row.key), "voice_0_voice": f"elevenlabs:{voice}"}
    assert saved({}, data)["voice"][0]["voice"] == voice
    assert saved({}, data | {"voice_0_voice_id": " mine "})["voice"][0]["voice"] == "mine"


def test_a_voice_that_does_not_speak_the_language_is_refused() -> None:
    row = key("deepgram")
    found = part({}, as_shown({}) | {"voice_0_who": str(row.key)})
    assert not found.is_valid() and "voice_0_voice" in found.errors
    posted = as_shown({}) | {"voice_0_who": str(row.key)}
    for language, is_good in (("en", True), ("auto", False)):
        data = {f"speech-{name}": value for name, value in posted.items()} | {"language": language}
        assert SpeechPart(data, initial={"written": {}}, agent=Agent()).is_valid() is is_good


def test_who_has_no_key_stands_in_the_list_and_cannot_be_chosen() -> None:
    shown = part({})
    drawn = str(shown["mind_0_who"])
    line = re.search(r'<option value="no:groq"[^>]*>', drawn)
    assert line and "disabled" in line[0]
    assert not part({}, as_shown({}) | {"mind_0_who": "no:groq"}).is_valid()


def test_a_key_that_is_gone_stays_where_it_was_until_somebody_chooses_another() -> None:
    speech = {"mind": [{"provider": "openai", "key": str(uuid.uuid4()), "model": "m"}]}
    assert saved(speech, as_shown(speech)) == speech
    assert saved(speech, as_shown(speech) | {"mind_0_who": ""}) == {}


def test_ready_sets_are_offered_for_keys_that_are_good_for_all_three() -> None:
    yandex, openai = key("yandex", "Яндекс"), key("openai", "OpenAI of the shop")
    key("deepgram")
    sets = part({}).extra()["sets"]
    assert [each[0] for each in sets] == [str(yandex.key), "", str(openai.key)]
    assert [each[2] for each in sets] == ["yandex", "sber", "openai"]


def test_only_who_adds_keys_is_led_to_them(admin_user: User) -> None:
    shown = SpeechPart(initial={"written": {}}, agent=Agent(), user=admin_user).render_part()
    assert "provider-keys/add/" in shown
    assert "provider-keys/add/" not in part({}).render_part()


def test_what_is_compared_names_the_key_and_the_voice() -> None:
    row = key("openai", "Our OpenAI")
    rows = [{"provider": "openai", "key": str(row.key), "voice": "coral", "speed": 1.15}]
    told = dict(SpeechPart.told(Words("ru", "", [], [], speech={"voice": rows})))
    assert "Our OpenAI: Coral, ×1.15" in told.values()


def test_a_disagreement_is_told_in_the_words_of_the_page() -> None:
    row = key("openai", "Our OpenAI")
    speech = {"mind": [{"provider": "openai", "key": str(row.key)}]}
    found = part(speech, {})
    (one,) = found.disagreements()
    assert (one.theirs, one.yours) == ("Our OpenAI", "—")
    assert list(part(speech, as_shown(speech)).disagreements()) == []


def test_no_secret_is_on_the_page() -> None:
    ProviderKey.objects.create(name="a", provider="openai", secret="canary-1", proxy="canary-2")
    assert "canary" not in part({}).render_part()


def test_a_server_of_ones_own_is_offered_for_what_it_has_an_address_of() -> None:
    row = key("openai_compatible", "Ollama")
    row.settings = {"mind_url": "http://10.0.0.5/v1"}
    row.save()
    shown = part({})
    assert str(row.key) in str(shown["mind_0_who"])
    assert str(row.key) not in str(shown["voice_0_who"])
    assert str(row.key) not in [each[0] for each in shown.extra()["sets"]]


CHOOSABLE = {
    name: [slug for slug, each in PROVIDERS.items() if name in each.builders and each.fields]
    for name in Part
}


class RoundTrip(TestCase):
    @given(st.data())
    def test_what_is_shown_and_sent_back_unchanged_is_what_was_written(
        self, data: st.DataObject
    ) -> None:
        speech: dict[str, Any] = {}
        for name in Part:
            rows: list[dict[str, Any]] = []
            for slug in data.draw(st.lists(st.sampled_from(CHOOSABLE[name]), max_size=MOST)):
                row = {"provider": slug, "key": str(key(slug, str(uuid.uuid4())).key)}
                if model := data.draw(st.sampled_from(["", "m", "gpt 5"])):
                    row["model"] = model
                rows.append(row)
                if name is Part.VOICE:
                    self.speak(row, data)
            if rows:
                speech[name.value] = rows
        found = part(speech, as_shown(speech))
        found.data = {**found.data, "language": ""}
        assert found.is_valid(), found.errors
        assert found.into(WORDS).speech == speech
        assert not found.changed_data

    def speak(self, row: dict[str, Any], data: st.DataObject) -> None:
        voices = [each.name for each in PROVIDERS[row["provider"]].voices]
        if voice := data.draw(st.sampled_from([*voices, "", "typed"])):
            row["voice"] = voice
        speed = data.draw(st.sampled_from([0.85, 1.0, 1.3, 1.7]))
        if speed != 1.0:
            row["speed"] = speed
