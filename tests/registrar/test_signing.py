"""The rows that say how lines stand, kept beside a registrar of the test's own."""

import uuid
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from telephony.hosts import Lookups
from telephony.models import PhoneNumber, Refused, Registration, Trunk
from telephony.registering import AWAY_SECONDS, KEPT, STRANGERS, Controller, forget
from telephony.routing import wish
from veyra.kamailio.client import RegistrarAwayError, RegistrarError
from veyra.kamailio.types import Line, LineState, Stranger
from veyra.models import Lease, Pulse

pytestmark = pytest.mark.django_db
SERVER = "203.0.113.7"


class FakeRegistrar:
    """A registrar whose answers the test gives."""

    def __init__(self) -> None:
        self.held: dict[str, LineState] = {}
        self.lines_put: list[Line] = []
        self.seen: list[Stranger] = []
        self.is_away = False
        self.refuses, self.asked, self.goes_away_at = "", 0, 0

    def lines(self) -> dict[str, LineState]:
        if self.is_away:
            raise RegistrarAwayError("Kamailio does not answer.")
        return dict(self.held)

    def put(self, line: Line, seal: str) -> None:
        self.asked += 1
        if line.login == self.refuses:
            raise RegistrarError("htable.sets: no more memory")
        if self.asked == self.goes_away_at:
            raise RegistrarAwayError("Kamailio does not answer.")
        self.lines_put.append(line)
        now = timezone.now()
        self.held[line.id] = LineState(id=line.id, seal=seal, asked_at=now)

    def admit(self, line: Line, seal: str) -> None:
        self.held[line.id] = replace(self.held[line.id], seal=seal)

    def remove(self, line_id: str) -> None:
        del self.held[line_id]

    def retry(self, line_id: str) -> None:
        self.held[line_id] = replace(self.held[line_id], paused=False)

    def strangers(self) -> list[Stranger]:
        found, self.seen = self.seen, []
        return found

    def answers(self, trunk: Trunk, code: int, reason: str = "") -> None:
        now = timezone.now()
        self.held[trunk.key.hex] = replace(
            self.held[trunk.key.hex],
            code=code,
            reason=reason,
            registered=code == 200,
            paused=code == 403,
            heard_at=now,
            expires_at=now + timedelta(seconds=90) if code == 200 else None,
        )


class NoNames(Lookups):
    """Every name has the same address."""

    def known(self, names: Collection[str]) -> wish.Resolved:
        return dict.fromkeys(names, (SERVER,))


@pytest.fixture
def registrar() -> FakeRegistrar:
    return FakeRegistrar()


@pytest.fixture
def signing(registrar: FakeRegistrar) -> Controller:
    return Controller(registrar, NoNames())


@pytest.fixture
def trunk() -> Trunk:
    return line("Novofon")


def line(name: str) -> Trunk:
    return Trunk.objects.create(
        name=name,
        register_at="sip.provider.example",
        register_login="123456",
        register_password="canary-register",
    )


def look(signing: Controller) -> None:
    signing.look(timezone.now())


def states(trunk: Trunk) -> list[str]:
    return [row.state for row in Registration.objects.of(trunk).order_by("pk")]


def test_a_saved_line_is_put_and_what_is_answered_is_told(
    signing: Controller, registrar: FakeRegistrar, trunk: Trunk
) -> None:
    look(signing)
    assert [each.password for each in registrar.lines_put] == ["canary-register"]
    assert states(trunk) == ["trying"]
    registrar.answers(trunk, 200)
    look(signing)
    row = Registration.objects.now(trunk)
    assert row
    assert (row.state, row.address) == ("registered", SERVER)
    assert row.until
    assert timezone.localtime(row.until).strftime("%H:%M") in str(row.sentence)
    assert states(trunk) == ["trying", "registered"]


def test_a_renewal_moves_the_end_and_begins_no_new_row(
    signing: Controller, registrar: FakeRegistrar, trunk: Trunk
) -> None:
    look(signing)
    registrar.answers(trunk, 200)
    look(signing)
    before = Registration.objects.get(over_at=None)
    registrar.answers(trunk, 200)
    look(signing)
    after = Registration.objects.get(over_at=None)
    assert (after.pk, after.since) == (before.pk, before.since)
    assert before.until
    assert after.until
    assert after.until > before.until


def test_a_wrong_password_is_told_and_a_right_one_is_tried_at_once(
    signing: Controller, registrar: FakeRegistrar, trunk: Trunk
) -> None:
    look(signing)
    registrar.answers(trunk, 403, "Forbidden")
    look(signing)
    row = Registration.objects.now(trunk)
    assert row
    assert (row.state, row.code, row.reason) == ("refused", 403, "Forbidden")
    trunk.register_password = "right"
    trunk.save()
    look(signing)
    assert registrar.lines_put[-1].password == "right"
    assert states(trunk) == ["trying", "refused", "trying"]


def test_a_line_that_is_switched_off_is_let_go_and_its_row_is_over(
    signing: Controller, registrar: FakeRegistrar, trunk: Trunk
) -> None:
    look(signing)
    Trunk.objects.update(is_active=False)
    look(signing)
    assert registrar.held == {}
    assert Registration.objects.now(trunk) is None


def test_a_registrar_that_stays_away_is_told_and_one_that_is_killed_is_filled_anew(
    signing: Controller, registrar: FakeRegistrar, trunk: Trunk
) -> None:
    look(signing)
    registrar.answers(trunk, 200)
    look(signing)
    registrar.is_away = True
    look(signing)
    assert states(trunk)[-1] == "registered"
    signing._answered_at -= AWAY_SECONDS
    look(signing)
    assert states(trunk)[-1] == "away"
    registrar.is_away, registrar.held = False, {}
    look(signing)
    registrar.answers(trunk, 200)
    look(signing)
    assert states(trunk)[-3:] == ["away", "trying", "registered"]


def test_a_hundred_lines_cost_as_many_queries_as_one(
    signing: Controller,
    registrar: FakeRegistrar,
    trunk: Trunk,
    django_assert_num_queries: DjangoAssertNumQueries,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    look(signing)
    trunks = [line(f"line {number}") for number in range(100)]
    PhoneNumber.objects.bulk_create(
        PhoneNumber(number=f"+7499112{place:04d}", trunk=each) for place, each in enumerate(trunks)
    )
    # SQLite takes some ninety rows at a time.
    with django_assert_max_num_queries(12):
        look(signing)
    assert len(registrar.held) == 101
    assert registrar.lines_put[-1].numbers
    with django_assert_num_queries(4):
        look(signing)
    for each in trunks:
        registrar.answers(each, 200)
    with django_assert_max_num_queries(14):
        look(signing)
    assert Registration.objects.open().filter(state="registered").count() == 100


def test_where_the_number_of_a_call_stood_is_learned(
    signing: Controller, registrar: FakeRegistrar, trunk: Trunk
) -> None:
    look(signing)
    key = trunk.key.hex
    registrar.held[key] = replace(registrar.held[key], place="called_did")
    look(signing)
    trunk.refresh_from_db()
    assert trunk.learned_number_in == "called_did"
    assert len(registrar.lines_put) == 1


@pytest.mark.parametrize(
    ("told", "kept"), [("edge.example:5070", "edge.example:5070"), ("a b;c", ""), ("", "")]
)
def test_the_way_of_calls_out_is_learned_if_it_is_a_server(
    signing: Controller, registrar: FakeRegistrar, trunk: Trunk, told: str, kept: str
) -> None:
    look(signing)
    registrar.answers(trunk, 200)
    key = trunk.key.hex
    registrar.held[key] = replace(registrar.held[key], service_route=told)
    look(signing)
    trunk.refresh_from_db()
    assert trunk.service_route == kept


def test_strangers_are_counted_by_their_address(
    signing: Controller, registrar: FakeRegistrar
) -> None:
    registrar.seen = [Stranger(address="198.51.100.7", count=40)]
    signing.count_strangers(timezone.now())
    refused = Refused.objects.get()
    assert (refused.address, refused.reason, refused.count) == ("198.51.100.7", "stranger", 40)


def test_of_a_crowd_of_strangers_those_are_noted_that_sent_most(
    signing: Controller, registrar: FakeRegistrar
) -> None:
    registrar.seen = [Stranger(address=f"198.51.100.{last}", count=last) for last in range(1, 256)]
    signing.count_strangers(timezone.now())
    assert Refused.objects.count() == STRANGERS
    assert min(Refused.objects.values_list("count", flat=True)) == 256 - STRANGERS
    registrar.is_away = True
    signing.count_strangers(timezone.now())


def test_a_line_that_the_registrar_does_not_take_is_told_and_holds_up_no_other(
    signing: Controller, registrar: FakeRegistrar, trunk: Trunk
) -> None:
    registrar.refuses = trunk.register_login
    for number in range(4):
        line(f"refused {number}")
    other = Trunk.objects.create(
        name="taken",
        register_at="sip.provider.example",
        register_login="654321",
        register_password="canary-register",
    )
    look(signing)
    assert registrar.held.keys() == {other.key.hex}
    assert states(trunk) == ["wrong"]
    assert states(other) == ["trying"]
    look(signing)
    assert states(trunk) == ["wrong"]
    registrar.refuses = ""
    look(signing)
    assert states(trunk) == ["wrong", "trying"]


def test_a_registrar_that_goes_away_is_not_asked_for_the_other_lines(
    signing: Controller, registrar: FakeRegistrar
) -> None:
    for number in range(3):
        line(f"line {number}")
    registrar.goes_away_at = 2
    look(signing)
    assert registrar.asked == 2
    assert not Registration.objects.exists()


def test_one_of_two_controllers_does_the_work(registrar: FakeRegistrar, trunk: Trunk) -> None:
    holder = Lease.take("registrar", 60)
    assert holder
    second = Controller(registrar, NoNames())
    assert not second._is_ours()
    Lease.release("registrar", holder)
    assert second._is_ours()


def test_a_controller_that_lost_its_lease_on_the_way_stops(
    signing: Controller, registrar: FakeRegistrar, trunk: Trunk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telephony.registering.RENEW_SECONDS", 0.0)
    quick = Controller(registrar, NoNames())
    other = line("other")
    assert quick._is_ours()
    Lease.objects.update(holder=uuid.uuid4())
    look(quick)
    assert (registrar.held, states(trunk), states(other)) == ({}, [], [])


def test_the_controller_shows_life(signing: Controller) -> None:
    look(signing)
    assert Pulse.is_felt("registrar", timedelta(seconds=5))


def test_a_line_whose_password_cannot_be_read_is_told(
    signing: Controller, registrar: FakeRegistrar, trunk: Trunk
) -> None:
    Trunk.objects.filter(pk=trunk.pk).update(register_login="")
    look(signing)
    row = Registration.objects.now(trunk)
    assert row
    assert row.state == "wrong"
    assert registrar.held == {}


def test_old_rows_are_forgotten_and_how_it_stands_now_is_not(trunk: Trunk) -> None:
    long_ago = timezone.now() - KEPT - timedelta(days=1)
    Registration.objects.create(trunk=trunk, state="registered", since=long_ago, over_at=long_ago)
    now = Registration.objects.create(trunk=trunk, state="registered", since=long_ago)
    forget(timezone.now())
    assert list(Registration.objects.all()) == [now]
