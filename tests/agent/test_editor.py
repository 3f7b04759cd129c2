"""What the page of an assistant does while somebody writes: starts, placeholders, voices."""

import io
import wave

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from agentworker import editor_views
from agentworker.auditions import SAMPLES, AuditionError, sample
from agentworker.models import Agent, Company, ProviderKey
from agentworker.placeholders import problems
from agentworker.providers.catalog import Choice
from agentworker.services import Words, save_words
from agentworker.starting import STARTS, start_of
from veyra.models import User
from veyra.pace import Pace

pytestmark = pytest.mark.django_db
ENGLISH = {"accept-language": "en"}
ADD = "/admin/agentworker/agent/add/"
OURS = Choice("offline")


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("owner", language="en"))
    return client


def form(**values: str) -> dict[str, str]:
    return {"name": "Desk", "language": "en", "greeting": "Hello", **values}


def errors(client: Client, **values: str) -> dict[str, list[str]]:
    found = client.post(ADD, form(**values)).context["adminform"].form.errors
    return {name: list(map(str, each)) for name, each in found.items()}


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("slug", [each.slug for each in STARTS])
def test_what_a_new_assistant_begins_with_is_accepted_as_it_is(
    client: Client, slug: str, language: str
) -> None:
    client.force_login(User.objects.create_superuser("owner", language=language))
    shown = client.get(f"{ADD}?start={slug}").context["adminform"].form
    values = {field.name: field.value() or "" for field in shown}
    assert values["greeting"] == start_of(slug, language)["greeting"]
    assert client.post(ADD, {**values, "company": "Улыбка"}).status_code == 302
    current = Agent.objects.get().current()
    assert current is not None and current.language == language and current.instructions
    assert not problems(current.greeting) and Company.objects.get().name == "Улыбка"


def test_an_unknown_start_begins_as_always(staff: Client) -> None:
    shown = staff.get(f"{ADD}?start=nonsense").context["adminform"].form
    assert "You have reached our company" in shown["greeting"].value()


def test_a_name_that_another_one_has_is_told_and_one_of_the_archive_is_free(staff: Client) -> None:
    other = Agent.objects.create(name="Desk")
    assert errors(staff) == {"name": ["There is already an assistant with this name."]}
    Agent.objects.filter(pk=other.pk).update(archived_at=timezone.now())
    assert staff.post(ADD, form()).status_code == 302


def test_a_misspelt_place_is_not_saved(staff: Client) -> None:
    assert errors(staff, goodbye="Bye, {compny}") == {
        "goodbye": ["There is no {compny}. Did you mean {company}?"]
    }
    assert "menu" in errors(staff, menu="1 {hours} = From nine")
    assert not Agent.objects.exists()


def test_words_that_name_the_company_ask_what_it_is_called(staff: Client) -> None:
    asked = errors(staff, greeting="This is {company}.")
    assert asked == {"company": ["Write it here: the words below say {company}."]}
    assert "company" in errors(staff, greeting="This is {company}.", company="{x}")
    staff.post(ADD, form(greeting="This is {company}.", company="Smile"))
    assert Company.objects.get().name == "Smile"
    assert "company" not in staff.get(ADD).context["adminform"].form.fields


def test_the_company_is_renamed_on_its_own_page(staff: Client) -> None:
    row = Company.objects.create(name="Smile")
    assert staff.get("/admin/agentworker/company/")["Location"].endswith(f"/{row.pk}/change/")
    assert staff.get("/admin/agentworker/company/add/").status_code == 302
    staff.post(f"/admin/agentworker/company/{row.pk}/change/", {"name": "Grin"})
    assert Company.objects.get().name == "Grin"


def test_a_company_that_was_typed_and_not_saved_is_heard_at_once(staff: Client) -> None:
    written = {"text": "This is {company}.", "language": "en", "company": "Smile"}
    assert staff.post("/assistants/words/", written).json()["heard"] == "This is Smile."
    Company.objects.create(name="Grin")
    assert staff.post("/assistants/words/", written).json()["heard"] == "This is Grin."


def test_while_somebody_writes_he_reads_what_callers_hear(staff: Client) -> None:
    Company.objects.create(name="Smile")
    said = staff.post("/assistants/words/", {"text": "This is {company}.", "language": "en"})
    assert said.json() == {"problems": [], "heard": "This is Smile."}
    said = staff.post("/assistants/words/", {"text": "Hi {", "language": "en"})
    assert len(said.json()["problems"]) == 1


def test_who_may_only_look_reads_what_it_says(client: Client) -> None:
    agent = Agent.objects.create(name="Desk")
    save_words(agent, Words("en", "Hello there", [], []), None)
    reader = User.objects.create_user("reader", is_staff=True, language="en")
    reader.user_permissions.add(Permission.objects.get(codename="view_agent"))
    client.force_login(reader)
    url = f"/admin/agentworker/agent/{agent.pk}/"
    page = client.get(f"{url}change/").content.decode()
    assert "Hello there" in page and "<textarea" not in page and "publish/" not in page
    assert client.get(f"{url}versions/").status_code == 200
    assert "Hello there" in client.get(f"{url}versions/1/").content.decode()
    assert client.get(f"{url}versions/2/").status_code == 404
    assert client.post(f"{url}drop-draft/").status_code == 403


def seconds(wav: bytes) -> float:
    with wave.open(io.BytesIO(wav)) as file:
        return float(file.getnframes() / file.getframerate())


def test_a_voice_is_heard_before_it_is_chosen(staff: Client) -> None:
    answer = staff.post("/assistants/voice/", {"language": "ru", "text": "Здравствуйте, это я."})
    assert answer["content-type"] == "audio/wav" and seconds(answer.content) > 0.8
    assert answer.content[44:] != bytes(len(answer.content) - 44)


def test_without_words_it_says_a_sentence_of_ours() -> None:
    assert sample(OURS, "", "en", "  ") == sample(OURS, "", "en", SAMPLES["en"])


def test_a_long_text_is_cut_short_since_foreign_voices_cost_money() -> None:
    assert seconds(sample(OURS, "", "en", "one two three " * 500)) < 60


def test_a_sound_is_made_once() -> None:
    assert sample(OURS, "1", "ru", "Раз") is sample(OURS, "1.0", "ru", "Раз")


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        (Choice("nobody"), "Choose a voice first."),
        (Choice("openai_compatible", key="nonsense"), "Its key is not here any more."),
    ],
    ids=["provider", "key"],
)
def test_a_voice_that_cannot_be_had_is_told_in_a_sentence(choice: Choice, told: str) -> None:
    with pytest.raises(AuditionError) as error:
        sample(choice, "", "en", "Hello")
    assert error.value.sentence.msgid.startswith(told)


def test_a_provider_that_does_not_answer_is_told_in_a_sentence(staff: Client) -> None:
    key = ProviderKey.objects.create(
        name="Own", provider="openai_compatible", secret="x", settings={"voice": "http://127.0.0.1"}
    )
    values = {"provider": "openai_compatible", "key": str(key.key), "language": "en"}
    answer = staff.post("/assistants/voice/", values)
    assert answer.status_code == 400 and answer.json()["error"]


def test_nobody_makes_sounds_without_end(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editor_views, "pace", Pace(1, 60))
    assert staff.post("/assistants/voice/", {"text": "Да"}).status_code == 200
    answer = staff.post("/assistants/voice/", {"text": "Да"})
    assert answer.status_code == 429 and "minute" in answer.json()["error"]
