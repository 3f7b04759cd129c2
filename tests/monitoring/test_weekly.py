"""The report by mail: once a week to each address, whatever breaks, and in words for its reader."""

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from email import message_from_bytes, policy
from zoneinfo import ZoneInfo

import pytest
from django.conf import LazySettings
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend
from django.test import Client
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from monitoring import posting, weekly
from monitoring.mailing import Letter, Mailing
from telephony.models import Call
from tests.monitoring.conftest import MakeCall, MakeUser
from veyra.models import User
from veyra.sentences import Sentence

LoggedIn = Callable[..., Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("well")]

RIGHTS = ("telephony.view_call", "monitoring.change_mailing")
MOSCOW = ZoneInfo("Europe/Moscow")
MONDAY = datetime(2026, 11, 23, 9, tzinfo=MOSCOW)
WEEK = date(2026, 11, 16)
State = Letter.State


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.mark.parametrize(
    ("weekday", "now", "expected"),
    [
        (0, MONDAY, WEEK),
        (0, MONDAY - timedelta(seconds=1), WEEK - timedelta(days=7)),
        (4, MONDAY, date(2026, 11, 9)),
        (6, MONDAY - timedelta(days=1), date(2026, 11, 9)),
        (0, MONDAY + timedelta(days=6), WEEK),
    ],
)
def test_the_last_whole_week_is_told(weekday: int, now: datetime, expected: date) -> None:
    assert weekly.due(weekday, 9, MONDAY - timedelta(days=99), now, MOSCOW) == expected


def test_a_moment_before_it_was_set_up_is_not_made_up_for() -> None:
    assert weekly.due(0, 9, MONDAY, MONDAY + timedelta(days=3), MOSCOW) is None
    assert weekly.due(0, 9, MONDAY, MONDAY + timedelta(days=7), MOSCOW) == date(2026, 11, 23)


@given(
    st.integers(0, 6),
    st.integers(0, 23),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(ZoneInfo("UTC"))),
    st.sampled_from(["Europe/Moscow", "Europe/Berlin", "America/New_York", "Asia/Tokyo"]),
)
@how(max_examples=200)
def test_the_last_moment_is_the_hour_of_that_day_within_the_week_before(
    weekday: int, hour: int, now: datetime, name: str
) -> None:
    moment = weekly.last_moment(weekday, hour, now, ZoneInfo(name))
    assert (moment.weekday(), moment.hour) == (weekday, hour)
    assert timedelta() <= now - moment.astimezone(ZoneInfo("UTC")) < timedelta(days=7, hours=2)
    week = weekly.week_of(weekly.last_week(moment.date()))
    assert week.days == 7 and week.first.weekday() == 0
    assert timedelta(days=1) <= moment.date() - week.last <= timedelta(days=7)


@pytest.fixture
def owner(make_user: MakeUser) -> User:
    return make_user(*RIGHTS, name="owner")


def mailing(owner: User, *addresses: str, **fields: object) -> Mailing:
    values = {
        "addresses": list(addresses or ["boss@example.com"]),
        "language": "en",
        "since": MONDAY - timedelta(days=3),
        "owner": owner,
    }
    return Mailing.objects.create(**values | fields)


def states() -> list[tuple[str, str]]:
    return list(Letter.objects.order_by("pk").values_list("address", "state"))


def put(make_call: MakeCall, at: datetime, outcome: str = "answered") -> None:
    call = make_call(state=Call.State.ENDED, outcome=outcome)
    answered = at + timedelta(seconds=2) if outcome == "answered" else None
    ended = at + timedelta(seconds=62)
    Call.objects.filter(pk=call.pk).update(started_at=at, answered_at=answered, ended_at=ended)


def test_the_report_goes_to_each_address_once_a_week(owner: User) -> None:
    row = mailing(owner, "a@example.com", "b@example.com")
    posting.work(MONDAY - timedelta(minutes=1))
    assert mail.outbox == []
    for minutes in (0, 1, 600, 5000):
        posting.work(MONDAY + timedelta(minutes=minutes))
    assert [message.to for message in mail.outbox] == [["a@example.com"], ["b@example.com"]]
    # Whoever changes the day in the middle of the week is not sent the same week again.
    Mailing.objects.filter(pk=row.pk).update(weekday=3, since=MONDAY)
    posting.work(MONDAY + timedelta(days=4))
    assert len(mail.outbox) == 2
    posting.work(MONDAY + timedelta(days=10))
    assert len(mail.outbox) == 4 and set(states()) == {
        ("a@example.com", "sent"),
        ("b@example.com", "sent"),
    }


def test_a_letter_tells_the_week_in_both_forms_and_in_its_language(
    owner: User, make_call: MakeCall
) -> None:
    put(make_call, MONDAY - timedelta(days=3))
    put(make_call, MONDAY - timedelta(days=2), "abandoned")
    put(make_call, MONDAY)  # of the week that is not over
    put(make_call, MONDAY - timedelta(days=9))
    mailing(owner)
    mailing(owner, "ru@example.com", language="ru")
    posting.work(MONDAY)
    english, russian = mail.outbox
    assert isinstance(english, EmailMultiAlternatives)
    assert english.subject.endswith(": 2, lost: 1")
    ((content, kind),) = english.alternatives
    html, text = str(content), str(english.body)
    assert kind == "text/html"
    for body in (text, html):
        for words in ("+100%", "Caller gave up", "+7 499 112-41-48", "Support", "owner asked"):
            assert words in body
        assert "/report/?first=2026-11-16" in body and "last=2026-11-22" in body
    # No caller stands in it, nor what mail programs would not show.
    assert "916" not in text + html and "<svg" not in html
    assert "16.11.2026" in russian.subject


def test_a_letter_does_not_tell_what_its_owner_may_not_see(owner: User) -> None:
    mailing(owner)
    owner.user_permissions.clear()
    posting.work(MONDAY)
    letter = Letter.objects.get()
    assert mail.outbox == [] and letter.state == State.FAILED
    assert "owner, who set this up, may not see calls any more" in str(letter.why)


def test_a_report_whose_owner_was_deleted_says_so_and_goes_on_in_another_name(
    owner: User, logged_in: LoggedIn
) -> None:
    row = mailing(owner)
    owner.delete()
    posting.work(MONDAY)
    assert mail.outbox == [] and "was deleted" in str(Letter.objects.get().why)
    client = logged_in(*RIGHTS)
    assert "boss@example.com" in client.get("/report/weekly/").content.decode()
    client.post(f"/report/weekly/{row.pk}/", given_form())
    row.refresh_from_db()
    assert row.owner == User.objects.get()


def test_without_a_mail_server_nothing_is_sent_and_the_week_is_made_up_for(
    owner: User, settings: LazySettings
) -> None:
    mailing(owner)
    backend = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = posting.CONSOLE
    posting.work(MONDAY)
    assert states() == []
    settings.EMAIL_BACKEND = backend
    posting.work(MONDAY + timedelta(days=1))
    assert len(mail.outbox) == 1


def test_whoever_died_while_sending_is_not_followed_by_a_second_letter(owner: User) -> None:
    row = mailing(owner)
    posting.write(row, MONDAY)
    assert posting.claim(Letter.objects.get(), MONDAY)
    assert not posting.claim(Letter.objects.get(), MONDAY)
    posting.work(MONDAY + timedelta(hours=1))
    letter = Letter.objects.get()
    assert (
        mail.outbox == [] and letter.state == State.FAILED and "not sent twice" in str(letter.why)
    )


class MailServer(socketserver.ThreadingTCPServer):
    """Speaks as much SMTP as a letter needs. `answers`: what it says to a command, instead."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Dialogue)
        self.answers: dict[str, str] = {}
        self.letters: list[bytes] = []


class Dialogue(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self.say(self.server.answers.get("HELLO", "220 here"))
        for line in self.rfile:
            command = line.decode().split()[0].split(":")[0].upper()
            answer = self.server.answers.get(
                command, "354 go on" if command == "DATA" else "250 ok"
            )
            if answer == "hang up":
                return
            self.say(answer)
            if command == "QUIT":
                return
            if answer.startswith("354"):
                self.letter()

    def letter(self) -> None:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        answer = self.server.answers.get("END", "250 taken")
        if not answer.startswith("4"):
            self.server.letters.append(b"".join(lines))
        if answer != "hang up":
            self.say(answer)
        else:
            self.request.shutdown(socket.SHUT_RDWR)

    def say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


@pytest.fixture
def server(settings: LazySettings) -> Iterator[MailServer]:
    with MailServer() as found:
        thread = threading.Thread(target=found.serve_forever, args=(0.02,))
        thread.start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = found.server_address[:2]
        yield found
        found.shutdown()
        thread.join()


def test_a_letter_arrives_over_smtp(owner: User, server: MailServer, make_call: MakeCall) -> None:
    put(make_call, MONDAY - timedelta(days=3))
    mailing(owner)
    posting.work(MONDAY)
    assert states() == [("boss@example.com", "sent")]
    found = message_from_bytes(server.letters[0], policy=policy.default)
    assert found["To"] == "boss@example.com" and found["Auto-Submitted"] == "auto-generated"
    kinds = [part.get_content_type() for part in found.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]


@pytest.mark.parametrize(
    ("answers", "state", "told", "tries"),
    [
        ({"RCPT": "550 no such person"}, State.FAILED, "550 no such person", 1),
        ({"RCPT": "451 try later"}, State.WAITING, "451 try later", 1),
        ({"END": "452 full"}, State.WAITING, "452 full", 1),
        ({"DATA": "554 spam"}, State.FAILED, "554 spam", 1),
        ({"HELLO": "421 too busy"}, State.WAITING, "421 too busy", 1),
        # Taken, and then the line broke: nobody knows, so nobody repeats it.
        ({"END": "hang up"}, State.FAILED, "not sent twice", 1),
    ],
)
def test_what_the_mail_server_says_decides(
    owner: User,
    server: MailServer,
    answers: dict[str, str],
    state: str,
    told: str,
    tries: int,
) -> None:
    mailing(owner)
    server.answers = answers
    posting.work(MONDAY)
    letter = Letter.objects.get()
    assert (letter.state, letter.tries) == (state, tries) and told in str(letter.why)
    server.answers = {}
    before = len(server.letters)
    posting.work(MONDAY + timedelta(hours=2))
    assert len(server.letters) - before == (1 if state == State.WAITING else 0)


def test_a_mail_server_that_is_away_is_tried_again_and_given_up(
    owner: User, server: MailServer, settings: LazySettings
) -> None:
    mailing(owner)
    settings.EMAIL_PORT = 1
    posting.work(MONDAY)
    letter = Letter.objects.get()
    assert letter.state == State.WAITING and "EMAIL_URL" in str(letter.why)
    posting.work(MONDAY + timedelta(minutes=1))
    assert Letter.objects.get().tries == 1
    for hours in range(1, 20):
        posting.work(MONDAY + timedelta(hours=hours))
    letter.refresh_from_db()
    assert (letter.state, letter.tries) == (State.FAILED, posting.TRIES)


def test_a_server_that_swallows_everything_is_waited_for_once_in_a_run(
    owner: User, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[EmailBackend] = []
    opened = EmailBackend.open

    def noted(self: EmailBackend) -> bool | None:
        asked.append(self)
        return opened(self)

    monkeypatch.setattr(EmailBackend, "open", noted)
    mailing(owner, *(f"a{n}@example.com" for n in range(5)))
    server.answers = {"HELLO": "421 too busy"}
    posting.work(MONDAY)
    assert len(asked) == 1
    rows = Letter.objects.values_list("state", "tries", "not_before")
    assert set(rows) == {(State.WAITING, 1, MONDAY + posting.FIRST_PAUSE)}
    server.answers = {}
    posting.work(MONDAY + timedelta(hours=1))
    assert len(server.letters) == 5


def test_what_is_broken_holds_up_no_other_letter(owner: User, make_user: MakeUser) -> None:
    lost = make_user(*RIGHTS, name="lost")
    User.objects.filter(pk=lost.pk).update(time_zone="Nowhere/Land")
    lost.refresh_from_db()
    broken = mailing(lost, "a@example.com")
    Letter.objects.create(
        mailing=broken, address="b@example.com", first_day=WEEK, not_before=MONDAY
    )
    mailing(owner)
    posting.work(MONDAY)
    assert states() == [("b@example.com", "failed"), ("boss@example.com", "sent")]
    assert "could not be written" in str(Letter.objects.get(mailing=broken).why)


def test_who_comes_late_to_a_letter_lets_it_wait(owner: User) -> None:
    posting.write(mailing(owner), MONDAY)
    first, late = Letter.objects.get(), Letter.objects.get()
    for expected in (1, 2):
        now = first.not_before
        assert posting.claim(first, now)
        posting.again(first, now, Sentence(posting.NO_SERVER))
        assert not posting.claim(late, now)
        first.refresh_from_db()
        assert first.tries == expected
        assert first.not_before == now + posting.FIRST_PAUSE * expected
    assert posting.claim(late, first.not_before) and late.tries == 3


def test_whoever_is_taken_out_is_not_written_to_any_more(logged_in: LoggedIn) -> None:
    client = logged_in(*RIGHTS)
    row = mailing(User.objects.get(), "old@example.com", "kept@example.com")
    posting.write(row, MONDAY)
    client.post(f"/report/weekly/{row.pk}/", given_form(addresses="kept@example.com"))
    assert states() == [("kept@example.com", "waiting")]


def given_form(**other: object) -> dict[str, object]:
    return {
        "addresses": "Boss@Example.com, second@example.com\nboss@example.com,;",
        "weekday": 4,
        "hour": 17,
        "language": "ru",
    } | other


def test_staff_say_to_whom_and_when(logged_in: LoggedIn) -> None:
    client = logged_in(*RIGHTS)
    assert "Send weekly to…" in client.get("/report/").content.decode()
    page = client.post("/report/weekly/", given_form(), follow=True).content.decode()
    row = Mailing.objects.get()
    assert row.addresses == ["boss@example.com", "second@example.com"]
    assert (row.weekday, row.hour, row.language) == (4, 17, "ru")
    assert "Friday, 17:00 (Europe/Moscow)" in page
    client.post(f"/report/weekly/{row.pk}/", given_form(addresses="new@example.com", weekday=0))
    row.refresh_from_db()
    assert (row.addresses, row.weekday) == (["new@example.com"], 0)
    client.post(f"/report/weekly/{row.pk}/stop/")
    assert not Mailing.objects.exists()


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"addresses": "boss"}, "“boss” is no mail address"),
        ({"addresses": " , "}, "This field is required."),
        ({"addresses": f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.example.com"}, "is no mail"),
        ({"addresses": "x@y.z\r\nBcc: evil@example.com"}, "is no mail address"),
        ({"addresses": " ".join(f"a{n}@example.com" for n in range(21))}, "more than 20 addresses"),
        ({"hour": "25"}, "Select a valid choice"),
        ({"weekday": "x"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_sent_is_said(
    logged_in: LoggedIn, form: dict[str, object], told: str
) -> None:
    client = logged_in(*RIGHTS)
    answer = client.post("/report/weekly/", given_form(**form))
    assert answer.status_code == 400 and told in answer.content.decode()
    client.post("/report/weekly/", given_form())
    answer = client.post(f"/report/weekly/{Mailing.objects.get().pk}/", given_form(**form))
    assert answer.status_code == 400 and told in answer.content.decode()
    assert Mailing.objects.get().addresses == ["boss@example.com", "second@example.com"]


def test_a_trial_is_sent_at_once_and_takes_no_week_s_place(logged_in: LoggedIn) -> None:
    client = logged_in(*RIGHTS)
    row = mailing(User.objects.get(), since=timezone.now() - timedelta(days=30))
    Letter.objects.all().delete()
    client.post(f"/report/weekly/{row.pk}/try/")
    again = client.post(f"/report/weekly/{row.pk}/try/", follow=True).content.decode()
    assert "It was sent a moment ago." in again and "on its way" in again
    posting.work(timezone.now())
    trial, real = sorted(mail.outbox, key=lambda one: "trial" not in one.body)
    assert "This is a trial" in trial.body and "This is a trial" not in real.body
    page = client.get("/report/weekly/").content.decode()
    assert "boss@example.com" in page and "vy-good" in page


def test_without_a_mail_server_the_page_says_what_the_engineer_must_set(
    logged_in: LoggedIn, settings: LazySettings
) -> None:
    client = logged_in(*RIGHTS)
    assert "EMAIL_URL" not in client.get("/report/weekly/").content.decode()
    settings.EMAIL_BACKEND = posting.CONSOLE
    page = client.get("/report/weekly/").content.decode()
    assert "Letters cannot be sent yet" in page and "EMAIL_URL=smtp" in page
    row = mailing(User.objects.get())
    page = client.post(f"/report/weekly/{row.pk}/try/", follow=True).content.decode()
    assert "Letters cannot be sent yet: see below." in page and not Letter.objects.exists()


@pytest.mark.parametrize("missing", RIGHTS)
def test_every_door_of_the_mail_is_closed_without_its_rights(
    logged_in: LoggedIn, owner: User, missing: str
) -> None:
    row = mailing(owner)
    client = logged_in(*(right for right in RIGHTS if right != missing))
    assert client.get("/report/weekly/").status_code == 403
    for door in ("", f"{row.pk}/", f"{row.pk}/try/", f"{row.pk}/stop/"):
        assert client.post(f"/report/weekly/{door}", given_form()).status_code == 403
    if missing != RIGHTS[0]:
        assert "Send weekly to…" not in client.get("/report/").content.decode()


def test_letters_are_remembered_for_a_year(owner: User) -> None:
    posting.write(mailing(owner), MONDAY)
    posting.forget(timezone.now())
    assert Letter.objects.exists()
    posting.forget(timezone.now() + timedelta(days=367))
    assert not Letter.objects.exists()
