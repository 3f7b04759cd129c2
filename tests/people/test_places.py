"""Who was given one place meets nothing of another: on no page, in no figure, by no socket."""

import json
import re
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import connection
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver
from django.utils import timezone, translation

from agentworker.hours import access
from agentworker.models import (
    Agent,
    AgentVersion,
    BlockedCaller,
    Closure,
    NumberPlace,
    Place,
    Session,
    Turn,
)
from agentworker.scope import scope_of
from monitoring import board, needs, report_reading, roles
from monitoring.board import Viewer
from monitoring.report import Period
from recordings.models import Recording
from telephony import attending
from telephony.models import (
    Call,
    CallAction,
    CallBack,
    CallEvent,
    Colleague,
    DispatchRule,
    Leg,
    OutboundCall,
    PhoneNumber,
    Refused,
    Ring,
    TestCall,
    Trunk,
    Visit,
)
from tests.people.matrix import doors
from veyra.models import User

pytestmark = pytest.mark.django_db

# By these its rows are known wherever they stand; the callers' in any spelling.
DIGITS = {"Kazan": "9161234501", "Moscow": "9269876502"}
OURS = {"Kazan": "+78432000001", "Moscow": "+74952000002"}
WORDS = {"Kazan": "kazanpie", "Moscow": "moscowpie"}


class Shop:
    """A place with a number, a call that is over, one that goes on, and all that comes of them."""

    def __init__(self, name: str, trunk: Trunk, agent: Agent) -> None:
        now, self.name = timezone.now(), name
        self.place = Place.objects.create(name=f"{name} shop", time_zone="Europe/Moscow")
        self.number = PhoneNumber.objects.create(
            number=OURS[name], trunk=trunk, label=f"{name} label"
        )
        NumberPlace.objects.create(key=self.number.key, number=self.number.number, place=self.place)
        self.rule = DispatchRule.objects.create(name=f"{name} rule", agent=agent)
        self.rule.numbers.add(self.number)
        self.over = self.call(agent, now - timedelta(minutes=2), now)
        self.now = self.call(agent, now - timedelta(seconds=20), None)
        self.back = CallBack.objects.create(
            caller=f"+7{DIGITS[name]}",
            number=self.number,
            call=self.over,
            first_at=now,
            last_at=now,
            message=WORDS[name],
        )
        self.recording = Recording.objects.create(call=self.over, state="missing")
        self.test = TestCall.objects.create(number=self.number)
        self.out = OutboundCall.objects.create(
            to_number=f"+7{DIGITS[name]}", number=self.number, trunk=trunk, agent=agent
        )

    def call(self, agent: Agent, began: datetime, ended: datetime | None) -> Call:
        name, is_over = self.name, ended is not None
        call = Call.objects.create(
            state="ended" if is_over else "answered",
            outcome="answered" if is_over else "",
            from_number=f"+7{DIGITS[name]}",
            to_number=OURS[name],
            number=self.number,
            agent=agent,
            started_at=began,
            answered_at=began,
            ended_at=ended,
            room_name=f"room-{name}",
        )
        scl = f"SCL_{call.pk.hex}"
        Leg.objects.create(call=call, role="caller", sip_call_id=scl, participant_sid=f"PA_{scl}")
        version = agent.versions.get()
        talk = Session.objects.create(
            job_id=scl, sip_call_id=scl, started_at=began, version=version, summary=WORDS[name]
        )
        Turn.objects.create(
            session=talk, turn_id=scl, speaker="caller", text=WORDS[name], at=began, delay_ms=700
        )
        CallEvent.objects.create(
            event_id=scl, source="tap", kind="invite", at=began, sip_call_id=scl
        )
        return call

    @property
    def marks(self) -> list[str]:
        digits, ours = DIGITS[self.name], OURS[self.name]
        spaced = [f"{d[:3]} {d[3:6]}-{d[6:8]}-{d[8:]}" for d in (digits, ours[2:])]
        keys = [str(row.pk) for row in (self.over, self.now, self.recording, self.test, self.out)]
        return [digits, ours[2:], *spaced, WORDS[self.name], f"{self.name} label", *keys]


@pytest.fixture(autouse=True)
def _plain() -> Iterator[None]:
    cache.clear()
    with translation.override("en"):
        yield


@pytest.fixture
def shops() -> tuple[Shop, Shop]:
    agent = Agent.objects.create(name="Maria")
    AgentVersion.objects.create(agent=agent, number=1, language="en", greeting="Hello")
    trunk = Trunk.objects.create(name="Novofon", addresses="10.0.0.1", out_address="10.0.0.1")
    return Shop("Kazan", trunk, agent), Shop("Moscow", trunk, agent)


def person(*groups: str, name: str = "timur", places: tuple[Place, ...] = ()) -> User:
    roles.make()
    user = User.objects.create_user(
        name, is_staff=True, language="en", set_up_at=timezone.now(), password=None
    )
    user.groups.set(Group.objects.filter(name__in=groups))
    access.give(user, places)
    return User.objects.get(pk=user.pk)


# These lead to the page of the row, which is not there for him.
LEAD_ON = {
    f"/admin/{kind}/#/change/ 302"
    for kind in ("telephony/call", "telephony/outboundcall", "recordings/recording")
}
DAY_TO_DAY = ("Manager", "Operator", "Supervisor", "Viewer")


@pytest.fixture
def timur(shops: tuple[Shop, Shop]) -> User:
    """Everything that people of shops may do, in Kazan."""
    return person(*DAY_TO_DAY, places=(shops[0].place,))


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def addresses(shop: Shop) -> list[str]:
    """Every door that is a page, with each row of this shop in its place."""
    found = []
    uuids = [shop.over.pk, shop.now.pk, shop.recording.pk, shop.test.pk, shop.out.pk]
    numbers = [shop.number.pk, shop.place.pk, shop.back.pk, shop.rule.pk]
    for route in doors(get_resolver().url_patterns):
        if "logout" in route:
            continue
        route = re.sub(r"<(slug|str):\w+>", "csv", route)
        if "<uuid:" in route:
            found += [re.sub(r"<uuid:\w+>", str(pk), route) for pk in uuids]
        elif "<" in route:
            keys = uuids if re.search(r"call/|recording/|outbound", route) else numbers
            found += [re.sub(r"<.*?>", str(pk), route) for pk in keys]
        else:
            found.append(route)
    return [f"/{each}" for each in found if "<" not in each]


def text_of(answer: object) -> str:
    """As its reader sees it: bytes of a file that is streamed, too."""
    parts = getattr(answer, "streaming_content", None)
    body = b"".join(parts) if parts is not None else getattr(answer, "content", b"")
    return body.decode("utf-8", "replace").replace("\xa0", " ").replace("‑", "-")


def test_no_page_tells_of_another_place(
    shops: tuple[Shop, Shop], timur: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("veyra.urls.handler403", lambda *_, **__: HttpResponse(status=403))
    kazan, moscow = shops
    client, told, own = logged_in(timur), {}, set()
    for address in addresses(moscow):
        text = text_of(client.get(address))
        # What he asked for is his own words.
        marks = [mark for mark in moscow.marks if mark in text and mark not in address]
        if marks:
            told[address] = marks
        own |= {mark for mark in kazan.marks if mark in text}
    assert told == {}
    assert {DIGITS["Kazan"], WORDS["Kazan"], str(kazan.over.pk)} <= own


def test_what_is_his_is_shown_to_him(shops: tuple[Shop, Shop], timur: User) -> None:
    client, kazan = logged_in(timur), shops[0]
    for address in (
        f"/calls/{kazan.over.pk}/",
        f"/recordings/{kazan.recording.pk}/",
        f"/hours/{kazan.place.pk}/",
        f"/admin/telephony/phonenumber/{kazan.number.pk}/change/",
        f"/admin/telephony/dispatchrule/{kazan.rule.pk}/change/",
    ):
        assert client.get(address).status_code == 200, address


def test_no_search_finds_another_place(shops: tuple[Shop, Shop], timur: User) -> None:
    client, moscow = logged_in(timur), shops[1]
    for page in (
        "/admin/search/?s={}",
        "/admin/telephony/call/?q={}",
        "/admin/telephony/callback/?q={}",
        "/admin/telephony/phonenumber/?q={}",
        "/admin/recordings/recording/?q={}",
    ):
        for words in (DIGITS["Moscow"], WORDS["Moscow"], OURS["Moscow"][2:]):
            text = text_of(client.get(page.format(words)))
            found = [mark for mark in moscow.marks if mark in text and mark != words]
            assert found == [], page


@pytest.mark.parametrize(
    "model",
    [
        *(Call, Leg, CallEvent, CallBack, CallAction, OutboundCall, TestCall, Recording),
        *(PhoneNumber, DispatchRule, Session, Turn, Place, NumberPlace, Visit, Ring),
    ],
    ids=lambda model: model.__name__,
)
def test_each_kind_of_row_is_bound(
    shops: tuple[Shop, Shop], timur: User, model: type[Model]
) -> None:
    for shop in shops:
        CallAction.objects.create(call=shop.now, kind="hint")
        Visit.objects.create(
            call=shop.now, kind="listen", began_at=timezone.now(), seen_at=timezone.now()
        )
        Ring.objects.create(call=shop.now, why="first", started_at=timezone.now())
    everything = model._default_manager.all()
    seen = everything.visible_to(timur)  # type: ignore[attr-defined]  # of VisibleQuerySet
    assert 0 < seen.count() == everything.count() / 2
    engineer = person("Engineer", name="engineer", places=(shops[0].place,))
    assert everything.visible_to(engineer).count() == everything.count()  # type: ignore[attr-defined]  # likewise


def test_who_guesses_the_id_of_a_row_does_nothing_to_it(
    shops: tuple[Shop, Shop], timur: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every door of a row, with those of another place, and a form that would be good."""
    plain = lambda *_, **__: HttpResponse(status=403)  # noqa: E731  # a page of a line
    monkeypatch.setattr("veyra.urls.handler403", plain)
    monkeypatch.setattr("veyra.people.not_found", plain)
    monkeypatch.setattr("veyra.urls.handler404", plain)
    client, moscow = logged_in(timur), shops[1]
    rows = [moscow.over, moscow.now, moscow.recording, moscow.test, moscow.out, moscow.back]
    keys = {str(row.pk) for row in rows[:5]}
    before = [repr(type(row)._default_manager.filter(pk=row.pk).values().get()) for row in rows]
    done = {}
    for address in addresses(moscow):
        if any(key in address for key in keys):
            form = {"ticket": str(uuid.uuid4()), "text": "x", "to": "+79161112233", "kind": "hint"}
            for method in ("post", "put", "patch", "delete"):
                status = getattr(client, method)(address, form).status_code
                if status not in (403, 404, 405, 415):
                    done[f"{address} {status}"] = method
    assert {re.sub(r"[0-9a-f-]{36}", "#", what) for what in done} == LEAD_ON
    after = [repr(type(row)._default_manager.filter(pk=row.pk).values().get()) for row in rows]
    assert before == after and not CallAction.objects.exists()


def test_whom_others_blocked_is_shown_only_where_he_called(
    shops: tuple[Shop, Shop], timur: User
) -> None:
    for digits in DIGITS.values():
        spellings = [f"+7{digits}", f"8{digits}"]
        BlockedCaller.objects.create(number=f"+7{digits}", spellings=spellings)
    his = BlockedCaller.objects.create(
        number="+79990000000", spellings=["+79990000000"], blocked_by=timur
    )
    client, page = logged_in(timur), "/admin/agentworker/blockedcaller/"
    text = re.sub(r"\D", "", text_of(client.get(page)))
    assert DIGITS["Kazan"] in text and "9990000000" in text and DIGITS["Moscow"] not in text
    moscow = BlockedCaller.objects.get(number__endswith=DIGITS["Moscow"])
    assert client.post(f"{page}{moscow.pk}/let-in/").status_code == 404
    assert client.post(f"{page}{his.pk}/let-in/").status_code == 302
    assert set(BlockedCaller.objects.values_list("pk", flat=True)) >= {moscow.pk}
    everybody = logged_in(person("Manager", name="olga"))
    assert DIGITS["Moscow"] in re.sub(r"\D", "", text_of(everybody.get(page)))


@pytest.mark.parametrize("role", ["Owner", "Engineer", "Auditor"])
def test_who_answers_for_the_line_sees_all_of_it(shops: tuple[Shop, Shop], role: str) -> None:
    assert scope_of(person(role, places=(shops[0].place,))) is None


def test_who_was_given_no_place_sees_every_number(shops: tuple[Shop, Shop]) -> None:
    user = person("Operator")
    assert scope_of(user) is None and Call.objects.visible_to(user).count() == 4


def test_a_place_that_is_deleted_opens_nothing(shops: tuple[Shop, Shop], timur: User) -> None:
    NumberPlace.objects.update(place=None)
    shops[0].place.delete()
    assert not Call.objects.visible_to(User.objects.get(pk=timur.pk)).exists()


def test_figures_are_those_of_his_place(shops: tuple[Shop, Shop], timur: User) -> None:
    today = timezone.localdate()
    days = Period(today - timedelta(days=1), today)
    zone = timezone.get_current_timezone()
    assert report_reading.figures(days, zone, timur).calls == 1
    everybody = person("Manager", name="olga")
    assert report_reading.figures(days, zone, everybody).calls == 2


def test_the_board_shows_calls_of_his_place(shops: tuple[Shop, Shop], timur: User) -> None:
    kazan, moscow = shops
    told = json.loads(logged_in(timur).get("/live/rows/").content)
    assert str(kazan.now.pk) in {row["id"] for row in told["rows"]}
    assert not {str(moscow.now.pk), str(moscow.over.pk)} & {row["id"] for row in told["rows"]}
    viewer = Viewer.of(timur)
    assert {row.call.number_id for row in board.read() if viewer.sees(row)} == {kazan.number.pk}


def test_the_strip_counts_what_is_his(shops: tuple[Shop, Shop], timur: User) -> None:
    Closure.objects.create(place=shops[1].place, begins=timezone.now())
    found = needs.read()
    assert found.call_backs == 2 and len(found.closed) == 1
    his = found.within(scope_of(timur))
    assert his.call_backs == 1 and his.closed == ()
    assert "Moscow" not in needs.render(found, Viewer.of(timur))


def test_whom_a_caller_of_another_place_rings_can_take_him(
    shops: tuple[Shop, Shop], timur: User
) -> None:
    moscow = shops[1]
    colleague = Colleague.objects.create(name="Timur", user=timur, in_browser=True)
    ring = Ring.objects.create(
        call=moscow.now, why="fallback", started_at=timezone.now(), colleague=colleague
    )
    assert Ring.objects.visible_to(timur).get() == ring
    assert logged_in(timur).get(f"/calls/{moscow.now.pk}/").status_code == 200
    assert logged_in(timur).get(f"/calls/{moscow.over.pk}/").status_code == 404


def test_a_rule_that_serves_others_as_well_is_not_his_to_change(
    shops: tuple[Shop, Shop], timur: User
) -> None:
    kazan, moscow = shops
    kazan.rule.numbers.add(moscow.number)
    assert not DispatchRule.objects.visible_to(timur).exists()


def test_he_closes_and_opens_only_what_is_his(shops: tuple[Shop, Shop], timur: User) -> None:
    client, now = logged_in(timur), timezone.now()
    whole = Closure.objects.create(begins=now)
    own = Closure.objects.create(place=shops[0].place, begins=now)
    assert client.post(f"/hours/closures/{whole.pk}/open/").status_code == 404
    assert client.post(f"/hours/closures/{own.pk}/open/").status_code == 302
    assert client.post("/hours/close/", {"what": "all", "until": "open"}).status_code == 400


def test_whoever_listens_has_to_leave_where_the_place_is_taken_from_him(
    shops: tuple[Shop, Shop], timur: User
) -> None:
    client = logged_in(timur)
    login = client.session.session_key
    now = timezone.now()
    visit = Visit.objects.create(
        call=shops[0].now, user=timur, login_id=login, kind="listen", began_at=now, seen_at=now
    )
    assert attending.may_stay(visit, now)
    access.give(timur, [shops[1].place])
    again = Visit.objects.with_rights().get(pk=visit.pk)
    assert not attending.may_stay(again, now)


def test_strangers_belong_to_no_place(shops: tuple[Shop, Shop], timur: User) -> None:
    now = timezone.now()
    Refused.objects.create(
        address="203.0.113.9", number=OURS["Moscow"], reason="x", first_at=now, last_at=now
    )
    assert not Refused.objects.visible_to(timur).exists()


def test_his_lists_ask_the_database_once_for_his_places(
    shops: tuple[Shop, Shop], timur: User
) -> None:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        logged_in(timur).get("/admin/telephony/call/")
    of_places = [q for q in asked.captured_queries if 'FROM "agentworker_placeaccess"' in q["sql"]]
    assert len(of_places) == 1
