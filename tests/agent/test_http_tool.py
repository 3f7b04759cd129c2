"""An assistant asks an address of the staff's own, and nothing inside our network."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from agentworker.providers import fenced
from agentworker.providers.catalog import Access
from agentworker.script import Script
from agentworker.tools import errand
from agentworker.tools.errand import ErrandError
from agentworker.tools.http import ask, errand_of, told_of, value_at
from tests.agent.talking import Thinking, talking
from tests.providers.servers import serving

SECRET = "sesame-0451"
KEY = Access(secret=SECRET, settings={"host": "127.0.0.1"})
CONFIG: dict[str, Any] = {
    "kind": "http",
    "name": "order",
    "when": "",
    "method": "GET",
    "url": "/orders/{number}",
    "sends": [{"name": "number", "about": "Номер заказа", "required": True}],
    "headers": [{"name": "Authorization", "value": "Bearer {key}"}],
    "key": "shop",
    "reads": [{"name": "состояние", "path": "order.state"}, {"name": "сумма", "path": "sum"}],
}


class Shop:
    """Answers as its `ways` say, and keeps what it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[tuple[str, str, dict[str, str], Any]] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else None
        self.asked.append((request.method, request.path_qs, dict(request.headers), body))
        if request.path == "/away":
            raise web.HTTPFound(request.query["to"])
        if request.path == "/round":
            raise web.HTTPFound("/round")
        if request.path == "/again":
            raise web.HTTPTemporaryRedirect("/orders/7")
        if request.path == "/slow":
            await asyncio.sleep(5)
        if request.path == "/long":
            return web.Response(body=b"x" * (errand.LONGEST_ANSWER + 1))
        if request.path == "/broken":
            return web.Response(status=500)
        if request.path == "/odd":
            said = f"text/plain; charset={request.query['charset']}"
            return web.Response(body=b"x", headers={"Content-Type": said})
        if request.path == "/echo":
            return web.json_response({"heard": request.headers["Authorization"]})
        return web.json_response({"order": {"state": "готов"}, "items": [{"title": "Чашка"}]})


@pytest.fixture
async def shop(settings: Any) -> AsyncIterator[Shop]:
    settings.PROVIDER_NETWORKS = ["127.0.0.1/32"]
    made = Shop()
    async with serving(made.answer) as made.url:
        yield made


def config(shop: Shop, path: str = "/orders/{number}", **changes: Any) -> dict[str, Any]:
    return {**CONFIG, "url": shop.url + path, **changes}


async def refused(config: Mapping[str, Any], access: Access | None = None) -> tuple[str, int]:
    with pytest.raises(ErrandError) as error:
        await ask(config, {}, access)
    return error.value.sentence.msgid, error.value.status


async def test_a_caller_hears_how_his_order_stands(
    shop: Shop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mind = Thinking(("", "order", {"number": "17/б"}), "Ваш заказ готов.")
    script = Script("key", 1, "ru", "Здравствуйте!", tools=(config(shop),))
    shop_key = {"shop": KEY}
    async with talking(tmp_path, script, mind, accesses=shop_key) as scene:
        await scene.hear("Где заказ 17/б?")
        assert scene.said() == ["Ваш заказ готов."]
        assert mind.told[-1]["content"] == "состояние: готов\nсумма: нет данных"
        use = scene.uses()[0]
        assert (use["ok"], use["status"]) == (True, 200) and "готов" not in json.dumps(use)
        assert SECRET not in scene.spool.path.read_text()
    method, path, headers, _body = shop.asked[0]
    assert (method, path) == ("GET", "/orders/17%2F%D0%B1")
    assert headers["Authorization"] == f"Bearer {SECRET}"
    schema = mind.asked[-1][1]["tools"][0]["function"]
    assert schema["parameters"]["required"] == ["number"]
    assert SECRET not in str(mind.asked) and SECRET not in caplog.text


async def test_an_address_that_fails_is_told_and_the_talk_goes_on(
    shop: Shop, tmp_path: Path
) -> None:
    mind = Thinking(("", "order", {"number": "7"}), "Не вижу заказа.")
    script = Script("key", 1, "ru", "Здравствуйте!", tools=(config(shop, "/broken"),))
    async with talking(tmp_path, script, mind) as scene:
        await scene.hear("Где заказ?")
        assert "не получилось это узнать" in mind.told[-1]["content"]
        use = scene.uses()[0]
        assert (use["ok"], use["status"]) == (False, 500)


async def test_what_is_posted_goes_as_json_and_an_echo_tells_no_key(shop: Shop) -> None:
    way = config(shop, "/echo", method="POST", reads=[])
    answer = await ask(way, {"number": 7, "other": "x"}, KEY)
    assert shop.asked[0][3] == {"number": "7"}
    assert SECRET not in answer.text and "Bearer …" in answer.text


@pytest.mark.parametrize(
    "url", ["http://127.0.0.2:1/", "http://[::1]/", "http://localhost:1/", "http://0x7f.0.0.1:1/"]
)
async def test_nothing_inside_our_network_is_asked(settings: Any, url: str) -> None:
    settings.PROVIDER_NETWORKS = []
    assert await refused({**CONFIG, "url": url}) == (fenced.INSIDE, 0)


@pytest.mark.parametrize("host", ["127.0.0.2", "[::1]", "[::ffff:127.0.0.3]"])
async def test_nor_by_a_detour(shop: Shop, host: str) -> None:
    way = config(shop, f"/away?to=http://{host}:9/", sends=[])
    assert await refused(way) == (fenced.INSIDE, 0)
    assert len(shop.asked) == 1


async def test_a_detour_to_another_host_does_not_learn_the_key(shop: Shop) -> None:
    other = Shop()
    async with serving(other.answer) as other.url:
        way = config(shop, f"/away?to={other.url}/orders/7", sends=[])
        await ask(way, {}, KEY)
    assert "Authorization" not in other.asked[0][2]


async def test_a_key_is_sent_to_no_host_but_its_own(shop: Shop) -> None:
    others = Access(secret=SECRET, settings={"host": "shop.example"})
    await ask(config(shop), {"number": "7"}, others)
    await ask(config(shop), {"number": "7"}, Access(secret=SECRET))
    assert not any("Authorization" in headers for _m, _p, headers, _b in shop.asked)


@pytest.mark.parametrize("charset", ["hex", "idna", "undefined", "klingon"])
async def test_an_answer_in_no_encoding_of_texts_is_read_all_the_same(
    shop: Shop, charset: str
) -> None:
    assert (await ask(config(shop, f"/odd?charset={charset}", sends=[]), {}, None)).text == "x"


async def test_a_detour_keeps_what_is_posted_where_it_must(shop: Shop) -> None:
    await ask(config(shop, "/again", method="POST"), {"number": "7"}, None)
    assert [each[0] for each in shop.asked] == ["POST", "POST"]
    await ask(config(shop, "/away?to=/orders/7", method="POST"), {"number": "7"}, None)
    assert shop.asked[-1][0] == "GET" and shop.asked[-1][3] is None


async def test_neither_long_waits_nor_long_answers_nor_circles(shop: Shop) -> None:
    assert await refused(config(shop, "/slow", seconds=0.2)) == (errand.TOO_SLOW, 0)
    assert await refused(config(shop, "/long")) == (errand.TOO_LONG, 0)
    assert await refused(config(shop, "/round")) == (errand.TOO_FAR, 0)
    assert await refused(config(shop, "/broken")) == (errand.REFUSED, 500)


@pytest.mark.parametrize(
    "url",
    ["", "ftp://example.com/", "file:///etc/passwd", "http://user:word@example.com/", "http://"],
)
async def test_what_is_no_address_is_told_as_such(url: str) -> None:
    assert await refused({**CONFIG, "url": url}) == (errand.NOT_HTTP, 0)


def test_values_are_read_by_their_path() -> None:
    found = {"order": {"items": [{"title": "Чашка"}], "paid": False}}
    assert value_at(found, "order.items.0.title") == "Чашка"
    assert value_at(found, "order.items[0].title") == "Чашка"
    assert value_at(found, "order.paid") is False
    assert value_at(found, "order.items.7.title") is None
    assert value_at("text", "order") is None
    assert told_of({}, " a\n b ", "en") == "a b"


text = st.text(max_size=30) | st.sampled_from([".", "..", "../..", "%2e%2e", "..;/"])


@given(text, text)
def test_whatever_is_filled_in_stays_in_its_place(number: str, other: str) -> None:
    sends = [{"name": "number"}, {"name": "other"}]
    way = {**CONFIG, "url": "https://shop.example/orders/{number}/state?a=1", "sends": sends}
    url = URL(errand_of(way, {"number": number, "other": other}, None).url)
    assert (url.scheme, url.host) == ("https", "shop.example")
    assert url.raw_path.startswith("/orders/") and url.raw_path.endswith("/state")
    assert url.raw_path.count("/") == 3 and not url.raw_fragment


def nested(inner: Any) -> Any:
    return st.lists(inner) | st.dictionaries(text, inner)


@given(st.recursive(st.none() | st.booleans() | text, nested), text)
def test_any_path_is_read_in_any_answer(found: Any, path: str) -> None:
    value_at(found, path)
    told_of({"reads": [{"name": "x", "path": path}]}, json.dumps(found), "ru")
