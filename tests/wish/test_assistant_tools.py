"""What an assistant may do, as staff write it on its page."""

from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from agentworker.keys import ProviderKey
from agentworker.models import Agent
from agentworker.parts.tools import ToolsPart
from agentworker.services import Words, save_words
from agentworker.tools import KINDS
from agentworker.tools.http import METHODS
from agentworker.tools.written import (
    WrittenError,
    format_headers,
    format_reads,
    format_sends,
    named,
    parse_headers,
    parse_reads,
    parse_sends,
)
from telephony.agent_forms import LineAgentForm
from telephony.assistant_tools import LineToolsPart
from telephony.models import Colleague, Team
from tests.agent.talking import in_thread
from veyra.models import User

pytestmark = pytest.mark.django_db
HTTP = {"kind": "http", "name": "http_order", "label": "Order", "url": "https://a.example/"}


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def olga() -> Colleague:
    return Colleague.objects.create(name="Olga", phone="+79160000009")


def user(*permissions: str) -> User:
    made = User.objects.create_user("anna", is_staff=True, set_up_at=timezone.now())
    codes = [each.partition(".")[2] for each in permissions]
    made.user_permissions.set(Permission.objects.filter(codename__in=codes))
    return made


ENGINEER = ("agentworker.change_providerkey", "agentworker.change_agent", "agentworker.view_agent")


def part(
    *tools: dict[str, Any], data: dict[str, Any] | None = None, by: User | None = None
) -> ToolsPart:
    words = Words("en", "Hello", [], [], tools=list(tools))
    told = {f"tools-{name}": value for name, value in data.items()} if data is not None else None
    return LineToolsPart(told, initial=LineToolsPart.initial_from(words), agent=Agent(), user=by)


def saved(made: ToolsPart) -> list[dict[str, Any]]:
    assert made.is_valid(), [row.form.errors for row in made.rows if row.form]
    return made.into(Words("en", "Hello", [], [])).tools


def test_a_transfer_goes_to_a_colleague_a_group_or_a_number(olga: Colleague) -> None:
    team = Team.objects.create(name="Отдел продаж")
    data = {
        "count": "3",
        "0-kind": "transfer",
        "0-to": f"colleague:{olga.key}",
        "0-when": "Asks for a person",
        "1-kind": "transfer",
        "1-to": f"team:{team.key}",
        "2-kind": "transfer",
        "2-to": "number",
        "2-number": "8 (495) 123-45-67",
    }
    tools = saved(part(data=data))
    assert [each["to"] for each in tools] == [
        f"colleague:{olga.key}",
        f"team:{team.key}",
        "+74951234567",
    ]
    assert [each["whom"] for each in tools] == ["Olga", "Отдел продаж", "+74951234567"]
    names = [each["name"] for each in tools]
    assert names == ["transfer_olga", "transfer_otdel_prodazh", "transfer_74951234567"]
    again = part(*tools)
    page = again.render_part()
    assert "Olga" in page and "Group: Отдел продаж" in page


def test_whoever_finds_nobody_to_choose_is_told_where_colleagues_come_from() -> None:
    told = "Nobody is written down under “Colleagues” yet."
    assert told in part().render_part()
    Colleague.objects.create(name="Olga", phone="+79160000009")
    assert told not in part().render_part()


def test_a_key_may_lead_to_whom_the_assistant_may_transfer_calls(olga: Colleague) -> None:
    def problems(menu: str) -> list[str]:
        row = {"tools-0-kind": "transfer", "tools-0-to": f"colleague:{olga.key}"}
        written = {"name": "Support", "language": "en", "greeting": "Hello", "menu": menu}
        form = LineAgentForm(written | {"tools-count": "1"} | row)
        form.is_valid()
        return list(map(str, form.errors.get("menu", [])))

    assert problems("0 operator = One moment. -> transfer: olga\n9 = Bye. -> hang up") == []
    assert "“Boris” is nobody" in problems("0 operator = One moment. -> transfer: Boris")[0]


@pytest.mark.parametrize(
    "fields",
    [
        {"0-to": ""},
        {"0-to": "number", "0-number": "nobody"},
        {"0-to": "colleague:00000000-0000-0000-0000-000000000000"},
    ],
)
def test_a_transfer_to_nobody_is_not_saved(fields: dict[str, str]) -> None:
    made = part(data={"count": "1", "0-kind": "transfer", **fields})
    assert not made.is_valid() and made.rows[0].form and made.rows[0].form.errors


def test_a_tool_keeps_the_name_by_which_its_mind_calls_it(olga: Colleague) -> None:
    to = f"colleague:{olga.key}"
    old = {"kind": "transfer", "name": "transfer_ivan", "to": to, "whom": "Ivan", "when": ""}
    row = {"0-kind": "transfer", "0-name": "transfer_ivan", "0-to": to}
    new = {"1-kind": "transfer", "1-name": "transfer_ivan", "1-to": to}
    tools = saved(part(old, data={"count": "2", **row, **new}))
    assert [each["name"] for each in tools] == ["transfer_ivan", "transfer_olga"]
    assert tools[0]["whom"] == "Olga"


def test_what_is_taken_away_is_gone() -> None:
    end = {"kind": "end", "name": "end"}
    data = {"count": "2", "0-kind": "end", "0-name": "end", "0-gone": "1", "1-kind": "message"}
    made = part(end, data=data)
    assert [each["kind"] for each in saved(made)] == ["message"]
    assert made.has_changed()


def test_who_writes_an_address_reads_that_trials_ask_it_too() -> None:
    page = part(HTTP, by=user(*ENGINEER)).render_part()
    assert "really asked when somebody tries the assistant" in page


def test_a_manager_can_neither_write_an_address_nor_change_it_but_take_it_away() -> None:
    by = user("agentworker.change_agent")
    page = part(HTTP, by=by).render_part()
    assert "Your engineer changes this one" in page and 'data-kind="http"' not in page
    new = {"count": "1", "0-kind": "http", "0-label": "x", "0-url": "https://evil.example/"}
    assert saved(part(data=new, by=by)) == []
    forged = {**new, "0-name": "http_order"}
    assert saved(part(HTTP, data=forged, by=by)) == [HTTP]
    assert saved(part(HTTP, data={**forged, "0-gone": "1"}, by=by)) == []


def test_a_tool_of_a_kind_that_has_no_form_stays_as_it_is() -> None:
    other = {"kind": "knowledge", "name": "knowledge"}
    data = {"count": "1", "0-kind": "knowledge", "0-name": "knowledge"}
    assert saved(part(other, data=data)) == [other]


def test_an_engineer_writes_an_address_with_what_it_sends_and_reads() -> None:
    key = ProviderKey.objects.create(name="Shop", provider="http", secret="sesame")
    data = {
        "count": "1",
        "0-kind": "http",
        "0-label": "Состояние заказа",
        "0-method": "GET",
        "0-url": "https://shop.example/orders/{number}",
        "0-sends": "number = the number of the order\nname? = his name",
        "0-reads": "state = order.state",
        "0-headers": "Authorization: Bearer {key}",
        "0-key": str(key.key),
        "0-seconds": "5",
    }
    made = part(data=data, by=user(*ENGINEER))
    tool = saved(made)[0]
    assert tool["name"] == "http_sostoyanie_zakaza" and tool["key"] == str(key.key)
    assert [(each["name"], each["required"]) for each in tool["sends"]] == [
        ("number", True),
        ("name", False),
    ]
    user_again = User.objects.get()
    page = part(tool, by=user_again).render_part()
    assert "number = the number of the order" in page and "sesame" not in page


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "shop.example"),
        ("url", "https://{number}.example/"),
        ("url", "https://me:word@shop.example/"),
        ("url", "https://shop.example/{strange}"),
        ("sends", "номер = заказ"),
        ("sends", "number"),
        ("reads", "state"),
        ("headers", "Host: other.example"),
        ("headers", "no colon"),
        ("seconds", "60"),
        ("label", ""),
    ],
)
def test_an_address_that_cannot_be_asked_is_not_saved(field: str, value: str) -> None:
    good = {"label": "x", "method": "GET", "url": "https://shop.example/", "seconds": "5"}
    fields = {f"0-{name}": text for name, text in (good | {field: value}).items()}
    made = part(data={"count": "1", "0-kind": "http", **fields}, by=user(*ENGINEER))
    assert not made.is_valid() and made.rows[0].form and field in made.rows[0].form.errors


@pytest.mark.parametrize(("field", "is_open"), [("label", False), ("headers", True)])
def test_what_is_seldom_needed_opens_where_it_is_wrong(field: str, is_open: bool) -> None:
    good = {"label": "x", "method": "GET", "url": "https://shop.example/", "seconds": "5"}
    wrong = good | {"label": "", "headers": ""} if field == "label" else good | {field: "nonsense"}
    fields = {f"0-{name}": each for name, each in wrong.items()}
    made = part(data={"count": "1", "0-kind": "http", **fields}, by=user(*ENGINEER))
    assert not made.is_valid()
    assert ('<details class="vy-details" open>' in made.render_part()) is is_open


def test_versions_are_compared_in_words() -> None:
    tools = [{"kind": "transfer", "name": "x", "to": "team:1", "whom": "Sales", "when": "Buys."}]
    words = Words("en", "Hello", [], [], tools=[*tools, HTTP])
    told = dict(ToolsPart.told(words))
    assert told == {
        "What it may do": "Connect with a person: Sales. Buys.\nAsk another system: Order"
    }
    assert dict(ToolsPart.told(Words("en", "Hello", [], []))) == {}


def test_every_kind_is_told_in_both_languages() -> None:
    for kind in KINDS.values():
        for language in ("ru", "en"):
            assert kind.about({}, language) and kind.label
            assert all(each.about or kind.slug == "http" for each in kind.parameters({}, language))


# The address is tried


@pytest.fixture
def shop(settings: Any) -> Iterator[str]:
    """Answers in a loop of its own, since the page waits for it."""
    settings.PROVIDER_NETWORKS = ["127.0.0.1"]

    async def answer(request: web.Request) -> web.StreamResponse:
        allowed = request.headers.get("Authorization") == "Bearer sesame"
        return web.json_response({"order": request.path, "is_known": allowed})

    with in_thread(answer) as url:
        yield url


def tried(client: Client, **fields: str) -> Any:
    told = {"label": "x", "method": "GET", "seconds": "5", **fields}
    data = {f"tool-{name}": value for name, value in told.items() if name != "example"}
    return client.post("/assistants/tools/try/", data | {"example": fields.get("example", "")})


@pytest.fixture
def engineer() -> Client:
    client = Client()
    client.force_login(user(*ENGINEER))
    return client


def test_an_address_is_tried_before_callers_depend_on_it(shop: str, engineer: Client) -> None:
    key = ProviderKey.objects.create(
        name="Shop", provider="http", secret="sesame", settings={"host": "127.0.0.1"}
    )
    asked = {
        "url": f"{shop}/orders/{{number}}",
        "sends": "number = number",
        "headers": "Authorization: Bearer {key}",
        "key": str(key.key),
        "reads": "order = order\nknown = is_known",
    }
    answer = tried(engineer, **asked, example="number = 17").json()
    assert answer["ok"] and "order: /orders/17\nknown: True" in answer["told"]
    assert answer["told"].startswith("Работает, ")


def test_an_address_inside_our_network_is_refused_with_what_to_do(
    engineer: Client, settings: Any
) -> None:
    settings.PROVIDER_NETWORKS = []
    answer = tried(engineer, url="http://127.0.0.1:1/").json()
    assert not answer["ok"] and "PROVIDER_NETWORKS" in answer["told"]


def test_what_is_wrong_is_told_before_anything_is_asked(engineer: Client) -> None:
    answer = tried(engineer, url="nonsense")
    assert answer.status_code == 400 and "https://" in answer.json()["told"]


def test_only_engineers_try_addresses(shop: str) -> None:
    client = Client()
    client.force_login(user("agentworker.change_agent"))
    assert tried(client, url=shop).status_code == 403


def test_the_page_of_an_assistant_has_it_all(client: Client, olga: Colleague) -> None:
    client.force_login(
        User.objects.create_superuser("root", set_up_at=timezone.now(), language="en")
    )
    agent = Agent.objects.create(name="Support")
    save_words(agent, Words("en", "Hello", [], []), None)
    page = client.get(f"/admin/agentworker/agent/{agent.pk}/change/").content.decode()
    assert 'data-kind="http"' in page and "Olga" in page and "What it may do" in page


# How it is written

METHOD_NAMES = st.sampled_from(METHODS)
word = st.text(st.characters(categories=["L", "N"], exclude_characters="\n"), min_size=1)
latin = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,10}", fullmatch=True)


@given(st.lists(st.tuples(latin, word, st.booleans()), max_size=8))
def test_what_is_sent_is_read_back_as_it_was_shown(rows: list[tuple[str, str, bool]]) -> None:
    written = [{"name": n, "about": a, "required": r} for n, a, r in rows]
    assert parse_sends(format_sends(written)) == written


@given(st.lists(st.tuples(word, word), max_size=8))
def test_what_is_read_is_read_back_as_it_was_shown(rows: list[tuple[str, str]]) -> None:
    written = [{"name": name, "path": path} for name, path in rows]
    assert parse_reads(format_reads(written)) == written


@given(st.lists(st.tuples(st.from_regex(r"X-[A-Za-z]{1,9}", fullmatch=True), word), max_size=8))
def test_headers_are_read_back_as_they_were_shown(rows: list[tuple[str, str]]) -> None:
    written = [{"name": name, "value": value} for name, value in rows]
    assert parse_headers(format_headers(written)) == written


@given(st.text())
def test_any_lines_are_read_or_refused_in_sentences(text: str) -> None:
    for parse in (parse_sends, parse_reads, parse_headers):
        try:
            parse(text)
        except WrittenError as error:
            assert all(str(each) for each in error.sentences)


@given(st.text(max_size=80), st.lists(st.text(max_size=80)))
def test_a_name_is_one_that_every_mind_takes_and_no_other_tool_has(
    label: str, labels: list[str]
) -> None:
    taken: list[str] = []
    for each in (*labels, label, label):
        name = named("http", each, taken)
        assert name not in taken and len(name) <= 44
        assert name.replace("_", "").isascii() and name.replace("_", "").isalnum()
        taken.append(name)
