"""Staff read the documents inside the desk, and find words in them."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from django.utils.translation import override

from monitoring import roles
from monitoring.documents.anchors import anchor
from monitoring.documents.library import documents
from monitoring.documents.searching import search
from monitoring.documents.writing import write
from veyra.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Client:
    roles.make()
    user = User.objects.create_user("anna", is_staff=True, language="ru")
    user.set_up_at = timezone.now()
    user.save()
    user.groups.add(Group.objects.get(name="Operator"))
    client = Client(headers={"accept": "text/html"})
    client.force_login(user)
    return client


def test_the_first_page_is_the_index_in_the_readers_language(operator: Client) -> None:
    page = operator.get("/docs/").content.decode()
    assert "Документация Veyra" in page
    assert 'href="/docs/livekit_system_setup_guide/"' in page


def test_nobody_reads_documents_without_a_login() -> None:
    for place in ("", "glossary/", "examples/veyra_client.py/", "images/live-ru.png"):
        assert Client().get(f"/docs/{place}").status_code == 302


def test_a_document_without_a_translation_says_so(operator: Client) -> None:
    assert "vy-note" in operator.get("/docs/CHANGELOG/").content.decode()
    assert "vy-note" not in operator.get("/docs/glossary/").content.decode()


@pytest.mark.parametrize("place", ["nothing", "..%2Fmanage", "examples/manage.py", "images/a.png"])
def test_only_documents_are_given_out(operator: Client, place: str) -> None:
    assert operator.get(f"/docs/{place}/").status_code == 404


def test_a_function_of_an_example_has_an_address(operator: Client) -> None:
    page = operator.get("/docs/examples/livekit_api_usage_examples.py/").content.decode()
    assert '<a id="voice_ai_integration_examples">' in page


def test_a_picture_of_a_document_is_given_out(operator: Client) -> None:
    assert operator.get("/docs/images/live-ru.png")["Content-Type"] == "image/png"


def test_words_are_found_in_any_of_their_forms() -> None:
    found = search("резервную копию восстановить", "ru")
    assert "копи" in found[0].section.title.lower() + found[0].section.text.lower()
    assert [one.section.anchor for one in search("second factor reset", "en")].count("login")


def test_a_search_shows_where_the_words_stand(operator: Client) -> None:
    page = operator.get("/docs/", {"q": "вебхук"}).content.decode()
    assert "<mark>" in page and 'href="/docs/api/#webhooks"' in page
    assert "vy-found" not in operator.get("/docs/", {"q": "<абракадабра>"}).content.decode()


def test_a_search_shows_sentences_and_neither_versions_nor_diagrams(operator: Client) -> None:
    page = operator.get("/docs/", {"q": "провайдер исполнитель"}).content.decode()
    assert "vy-found" in page and "Версия" not in page and "--&gt;" not in page


def test_the_question_mark_explains_the_word_of_the_page(operator: Client) -> None:
    page = operator.get("/live/").content.decode()
    assert 'href="/docs/daily_work/#now"' in page
    assert "Один разговор от первого гудка до конца" in page


def test_a_mistake_is_told_to_owners(operator: Client) -> None:
    assert "mailto:" not in operator.get("/docs/").content.decode()
    owner = User.objects.create_user("olga", "olga@example.com", is_staff=True)
    owner.groups.add(Group.objects.get(name="Owner"))
    assert "mailto:olga@example.com?subject=" in operator.get("/docs/").content.decode()


def test_html_of_a_document_is_shown_and_not_obeyed() -> None:
    made = write("# A\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1))", str).html
    assert "<script" not in made and 'href="javascript' not in made


def test_headings_have_the_addresses_that_github_gives_them() -> None:
    taken: set[str] = set()
    assert anchor("4.3 Ежемесячные задачи", taken) == "43-ежемесячные-задачи"
    assert anchor("2. Проблемы SIP подключения", taken) == "2-проблемы-sip-подключения"
    assert [anchor("Why?", taken), anchor("Why", taken)] == ["why", "why-1"]


def test_every_document_can_be_opened_in_both_languages(operator: Client) -> None:
    for slug, language in documents():
        with override(language):
            assert operator.get(f"/docs/{slug}/").status_code == 200
