"""Ears, mind and voice from one provider, by one key."""

import pytest

from agentworker.providers import PROVIDERS
from agentworker.providers.catalog import Choice, Part
from agentworker.providers.choosing import choices, keys_of
from agentworker.providers.sets import SETS, ReadySet


@pytest.mark.parametrize("ready", SETS, ids=[each.provider for each in SETS])
def test_a_set_fills_every_part_by_one_key(ready: ReadySet) -> None:
    speech = ready.speech("k-1")
    assert keys_of(speech) == {"k-1"}
    for part in Part:
        assert choices(speech, part) == [Choice(ready.provider, "k-1")]


@pytest.mark.parametrize("ready", SETS, ids=[each.provider for each in SETS])
def test_whoever_makes_a_set_has_every_part_and_needs_one_key(ready: ReadySet) -> None:
    provider = PROVIDERS[ready.provider]
    assert set(provider.builders) == set(Part)
    assert [field.name for field in provider.fields if field.is_secret] == ["secret"]
    assert all(any(lang in each.languages for each in provider.voices) for lang in ("ru", "en"))
