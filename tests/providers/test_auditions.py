"""A foreign voice is heard before it is chosen, and says in a sentence why it cannot be."""

import io
import wave

import pytest
from cryptography.fernet import Fernet
from django.conf import LazySettings

from agentworker import auditions
from agentworker.auditions import NO_KEY, AuditionError, sample
from agentworker.keys import ProviderKey
from agentworker.providers.catalog import Choice
from agentworker.providers.errors import SENTENCES, Kind
from tests.providers.servers import RATE, OpenAILike, in_thread

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_is_kept() -> None:
    auditions._spoken.cache_clear()


def chosen(server: OpenAILike) -> Choice:
    row = ProviderKey.objects.create(
        name="Ours", provider="openai_compatible", settings={"voice_url": server.url}, secret="k"
    )
    return Choice("openai_compatible", key=str(row.key), model="kokoro", voice="af")


def test_a_foreign_voice_says_what_is_written() -> None:
    with in_thread() as server:
        sound = sample(chosen(server), "1.2", "en", "This is Smile.")
    with wave.open(io.BytesIO(sound)) as file:
        assert file.getframerate() == RATE and 0.3 < file.getnframes() / RATE < 0.5
    ((path, body, _headers),) = server.asked
    assert path.endswith("/audio/speech")
    assert (body["input"], body["voice"], body["speed"]) == ("This is Smile.", "af", 1.2)


@pytest.mark.parametrize(
    ("mood", "kind"),
    [("401", Kind.REFUSED), ("403", Kind.COUNTRY), ("429", Kind.QUOTA), ("500", Kind.BROKEN)],
    ids=["key", "country", "money", "fault"],
)
def test_a_voice_that_is_refused_is_told_and_asked_anew(mood: str, kind: Kind) -> None:
    with in_thread(mood) as server:
        choice = chosen(server)
        with pytest.raises(AuditionError) as error:
            sample(choice, "", "en", "Hello")
        assert error.value.sentence.msgid == SENTENCES[kind]
        server.mood = "well"
        assert sample(choice, "", "en", "Hello").startswith(b"RIFF")


def test_a_key_is_shown_to_no_provider_but_its_own() -> None:
    with in_thread() as server:
        choice = chosen(server)
        ProviderKey.objects.update(provider="openai")
        with pytest.raises(AuditionError) as error:
            sample(choice, "", "en", "Hello")
    assert error.value.sentence.msgid == NO_KEY and server.asked == []


def test_a_key_that_cannot_be_read_is_told(settings: LazySettings) -> None:
    row = ProviderKey.objects.create(name="Ours", provider="openai", secret="k")
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(AuditionError) as error:
        sample(Choice("openai", key=str(row.key)), "", "en", "Hello")
    assert error.value.sentence.msgid.startswith("What is stored cannot be read")
