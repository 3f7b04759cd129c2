"""The board as staff have it open all day: what needs a hand, filters, sound, wall, many calls."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import APIResponse, Page, Route, expect

from agentworker.models import Agent, Session, Turn, Worker
from telephony.models import Call, Colleague, Leg, PhoneNumber, Trunk
from tests.browser.conftest import Site, work
from tests.browser.test_bell import rings
from tests.browser.test_first_login import log_in
from veyra import live
from veyra.models import User

Ring = Callable[..., Call]
# What a change may take in the browser while many calls are on the board: a screen's next picture
# but one, on a machine that does something else besides.
QUICK_MS = 33
MANY, TRIES = 200, 21


@pytest.fixture
def desk(site: Site) -> Site:
    """Two numbers of two assistants, and somebody who was here before."""

    def save() -> None:
        user = User.objects.create_superuser("anna", "", "secret", language="en")
        User.objects.filter(pk=user.pk).update(set_up_at=user.date_joined)
        trunk = Trunk.objects.create(name="Novofon", addresses="10.0.0.1")
        for digit, name in ((8, "Support"), (9, "Sales")):
            PhoneNumber.objects.create(number=f"+7499112414{digit}", label=name, trunk=trunk)
            Agent.objects.create(name=name)
        work()

    site.do(save)
    return site


def ring(desk: Site, last: int, name: str = "Support", ago: float = 0, **fields: object) -> Call:
    """A call to this number, as a fold would leave it; `last` are its caller's last digits."""

    def save() -> Call:
        number, agent = PhoneNumber.objects.get(label=name), Agent.objects.get(name=name)
        call = Call.objects.create(
            **{"state": Call.State.RINGING, "started_at": timezone.now() - timedelta(seconds=ago)}
            | fields,
            unit=f"call:{last}",
            from_number=f"+7916123{last:04}",
            to_number=number.number,
            number=number,
            agent=agent,
        )
        Leg.objects.create(call=call, role=Leg.Role.CALLER, sip_call_id=f"SCL_{call.pk.hex[:9]}")
        live.changed("call", call.pk)
        return call

    return desk.do(save)


def talk(desk: Site, call: Call, doing: str, ago: float = 0) -> Session:
    """Its assistant does this, and said a word before."""

    def save() -> Session:
        now = timezone.now()
        session, _new = Session.objects.update_or_create(
            job_id=f"AJ_{call.pk.hex[:9]}",
            sip_call_id=f"SCL_{call.pk.hex[:9]}",
            defaults={"started_at": call.started_at},
            create_defaults={"started_at": call.started_at},
        )
        Session.objects.filter(pk=session.pk).update(
            doing=doing, doing_since=now - timedelta(seconds=ago)
        )
        count = session.turns.count()
        Turn.objects.create(
            session=session,
            turn_id=f"{session.job_id}:{count}",
            speaker="agent",
            text=f"Sentence {count}",
            at=now,
            delay_ms=800,
        )
        live.changed("session", session.pk)
        return session

    return desk.do(save)


def hush(desk: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is there any more to speak to callers, and the web expects nobody to come."""
    monkeypatch.setattr("telephony.probes.BEGAN", float("-inf"))
    desk.do(lambda: Worker.objects.all().delete())


def open_board(page: Page, desk: Site, query: str = "") -> None:
    log_in(page, desk, "anna")
    expect(page.locator("#page")).to_be_visible()
    page.goto(f"{desk.url}/live/{query}")
    expect(page.locator("#link")).to_have_class(re.compile("vy-good"))


def answered(
    desk: Site, last: int, doing: str = "speaking", name: str = "Support", ago: float = 0
) -> Call:
    call = ring(desk, last, name, ago, state=Call.State.ANSWERED)
    talk(desk, call, doing)
    return call


def test_a_caller_whom_nobody_answers_comes_to_the_top_by_himself(page: Page, desk: Site) -> None:
    answered(desk, 1)
    open_board(page, desk)
    ring(desk, 2)
    troubled = page.locator("#troubled .vy-call")
    expect(page.locator("#board .vy-call")).to_have_count(2)
    expect(page.locator("#hands")).to_be_hidden()
    expect(troubled).to_contain_text("+7 916 123-00-02", timeout=8000)
    expect(troubled).to_contain_text("Nobody has answered yet.")
    expect(page.locator("#hands")).to_have_text("Need a hand: 1")
    expect(page.get_by_role("link", name="Help this caller")).to_have_count(1)


def test_a_call_that_is_in_order_again_goes_back_and_what_the_keyboard_holds_with_it(
    page: Page, desk: Site
) -> None:
    silent = answered(desk, 1, ago=40)
    answered(desk, 2)
    talk(desk, silent, "listening", ago=20)
    open_board(page, desk)
    expect(page.locator("#troubled")).to_contain_text("Nobody has said anything for a while.")
    helping = page.get_by_role("link", name="Help this caller")
    helping.focus()
    talk(desk, silent, "listening", ago=20)
    expect(page.locator("#troubled")).to_contain_text("Sentence 2")
    expect(helping).to_be_focused()
    talk(desk, silent, "speaking")
    expect(page.locator("#troubled .vy-call")).to_have_count(0)
    rows = page.locator("#board .vy-call")
    expect(rows.first).to_contain_text("00-02")
    expect(rows.last).to_contain_text("Assistant speaks")
    expect(rows.last.get_by_role("link")).to_be_focused()


def test_the_filters_stand_in_the_address(page: Page, desk: Site) -> None:
    answered(desk, 1, name="Support")
    answered(desk, 2, name="Sales", doing="thinking")
    ring(desk, 3, name="Sales")
    open_board(page, desk)
    visible = page.locator(".vy-call:visible")
    page.get_by_label("Assistant", exact=True).select_option("Sales")
    expect(visible).to_have_count(2)
    page.get_by_label("State", exact=True).select_option("thinking")
    expect(visible).to_contain_text(["00-02"])
    expect(page.locator("#shown")).to_have_text("1 of 3 calls")
    page.reload()
    expect(visible).to_contain_text(["00-02"])
    assert "agent=Sales&state=thinking" in page.url
    page.get_by_label("Number", exact=True).select_option("+7 499 112-41-48 Support")
    expect(page.get_by_text("No call of this moment matches.")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    expect(visible).to_have_count(3)
    assert page.url.endswith("/live/")


def test_trouble_counts_in_the_title_and_sounds_once_somebody_asked_for_it(
    page: Page, desk: Site
) -> None:
    page.add_init_script(
        "window.tones = 0; const start = OscillatorNode.prototype.start;"
        "OscillatorNode.prototype.start = function () { tones++; start.call(this, ...arguments); }"
    )
    ring(desk, 1, ago=10)
    open_board(page, desk)
    expect(page).to_have_title(re.compile(r"^\(1\) "))
    assert page.evaluate("tones") == 0
    page.get_by_role("button", name="Sound on trouble: off").click()
    button = page.get_by_role("button", name="Sound on trouble: on")
    expect(button).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("tones") == 2
    ring(desk, 2, ago=10)
    expect(page).to_have_title(re.compile(r"^\(2\) "))
    assert page.evaluate("tones") == 4
    page.reload()
    expect(page).to_have_title(re.compile(r"^\(2\) "))


# All calls leave the board at once; what the title is then.
TITLE_OF_NONE = """() => {
    show({ now: Date.now(), full: true, rows: [], gone: [], needs: null });
    return document.title;
}"""


def test_the_title_counts_while_nobody_looks_and_leaves_the_sign_of_a_ring_in_place(
    page: Page, desk: Site
) -> None:
    desk.do(lambda: Colleague.objects.create(name="Anna", user=User.objects.get()))
    open_board(page, desk)
    page.evaluate(
        "Object.defineProperty(document, 'hidden', {get: () => true});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    ring(desk, 1, ago=10)
    expect(page).to_have_title(re.compile(r"^\(1\) "))
    desk.do(lambda: rings("anna"))
    expect(page).to_have_title(re.compile("^☎ A call for you: \\(1\\) Now"))
    assert page.evaluate(TITLE_OF_NONE).startswith("☎ A call for you: Now")


# The same calls come twice, the second time the other way round: how they stand then.
BOTH_WAYS = """() => {
    const rows = [...board.children].map((row) => ({ id: row.dataset.call, html: row.outerHTML }));
    return [rows, [...rows].reverse()].map((some) => {
        show({ now: Date.now(), full: true, rows: [], gone: [], needs: null });
        show({ now: Date.now(), full: true, rows: some, gone: [], needs: null });
        return [...board.children].map((row) => row.dataset.call);
    });
}"""


def test_the_board_is_the_same_however_late_and_in_which_order_its_news_comes(
    page: Page, desk: Site
) -> None:
    moment = timezone.now()
    for last in (1, 2):
        ring(desk, last, started_at=moment)
    open_board(page, desk)
    slow: list[tuple[Route, APIResponse]] = []
    page.route("**/live/rows/*", lambda route: slow.append((route, route.fetch())))
    page.evaluate("() => { socket.close(); window.asked = poll(); }")
    while not slow:
        page.wait_for_timeout(10)
    ring(desk, 3, ago=-1)
    expect(page.locator(".vy-call")).to_have_count(3)
    [(route, response)] = slow
    route.fulfill(response=response)
    page.evaluate("asked")
    assert page.locator(".vy-call").count() == 3
    there, back = page.evaluate(BOTH_WAYS)
    assert there == back and len(there) == 3


def test_on_a_telephone_and_without_its_socket_the_board_is_right_a_little_later(
    page: Page, desk: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.clock.install()
    page.route_web_socket("**/ws/live/*", lambda socket: socket.close())
    answered(desk, 1)
    log_in(page, desk, "anna")
    expect(page.locator("#page")).to_be_visible()
    page.goto(f"{desk.url}/live/")
    expect(page.locator("#link")).to_have_text("slow: reconnecting")
    hush(desk, monkeypatch)
    ring(desk, 2, ago=10)
    page.clock.fast_forward(10000)
    expect(page.locator("#troubled .vy-call")).to_contain_text("+7 916 123-00-02")
    expect(page.locator("#needs")).to_contain_text("Callers hear nothing.")
    # That is a trouble, too.
    expect(page).to_have_title(re.compile(r"^\(2\) "))
    page.evaluate("window.alert = document.querySelector('#needs [role=alert]')")
    ring(desk, 3, state=Call.State.ENDED, outcome=Call.Outcome.REJECTED, ended_at=timezone.now())
    page.clock.fast_forward(10000)
    expect(page.locator("#needs")).to_contain_text("1 call was turned away")
    assert page.evaluate("window.alert.isConnected")  # so it is not read aloud again
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_page_that_is_open_says_that_callers_hear_nothing_and_when_they_do_again(
    page: Page, desk: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.clock.install()
    log_in(page, desk, "anna")
    expect(page.locator("#page")).to_be_visible()
    page.goto(f"{desk.url}/calls-out/")
    told = page.get_by_text("Callers hear nothing.")
    expect(told).to_have_count(0)
    hush(desk, monkeypatch)
    page.clock.fast_forward(15000)
    expect(told).to_be_visible()
    desk.do(work)
    page.clock.fast_forward(15000)
    expect(told).to_have_count(0)


def test_on_the_wall_calls_are_large_and_nobody_reads_what_is_said(page: Page, desk: Site) -> None:
    answered(desk, 1, name="Sales")
    ring(desk, 2, ago=10)
    open_board(page, desk)
    expect(page.get_by_text("Sentence 0")).to_be_visible()
    page.get_by_label("Assistant", exact=True).select_option("Sales")
    page.get_by_role("link", name="On the wall").click()
    expect(page.locator("#link")).to_have_class(re.compile("vy-good"))
    expect(page.locator("[data-count=answered]")).to_have_text("1")
    expect(page.locator("[data-count=hand]")).to_have_text("0")
    expect(page.locator(".vy-call:visible")).to_contain_text(["00-01"])
    expect(page.locator("nav")).to_have_count(0)
    talk(desk, desk.do(lambda: Call.objects.get(from_number="+79161230001")), "thinking")
    expect(page.locator(".vy-line-state:visible", has_text="Assistant thinks")).to_be_visible()
    assert "Sentence" not in page.content()
    page.get_by_role("link", name="Leave the wall").click()
    expect(page.get_by_label("Assistant", exact=True)).to_have_value("Sales")


# Milliseconds that a change of one row takes, laid out: the middle of so many.
CHANGE = """(tries) => {
    const row = document.querySelector("#board .vy-call:last-child");
    const html = row.outerHTML, id = row.dataset.call, took = [];
    for (let number = 0; number < tries; number++) {
        const changed = html.replace(/Sentence [^<]*/, `Sentence ${number}`);
        const started = performance.now();
        const rows = [{ id, html: changed }];
        show({ now: Date.now(), full: false, rows, gone: [], needs: null });
        document.body.offsetHeight;
        took.push(performance.now() - started);
    }
    return took.sort((a, b) => a - b)[tries >> 1];
}"""
# Leaves so many calls on the board.
LEAVE = """(count) => {
    const gone = [...calls.keys()].slice(count);
    show({ now: Date.now(), full: false, rows: [], gone, needs: null });
}"""


@pytest.mark.prove
def test_a_change_among_two_hundred_calls_is_quick(page: Page, desk: Site) -> None:
    calls = [answered(desk, last, name=("Support", "Sales")[last % 2]) for last in range(MANY)]
    open_board(page, desk)
    expect(page.locator("#board .vy-call")).to_have_count(MANY)
    talk(desk, calls[0], "thinking")
    expect(page.locator(f"#call-{calls[0].pk}")).to_contain_text("Assistant thinks")
    among_many = page.evaluate(CHANGE, TRIES)
    page.evaluate(LEAVE, MANY // 10)
    among_few = page.evaluate(CHANGE, TRIES)
    assert among_many < max(QUICK_MS, 4 * among_few)
