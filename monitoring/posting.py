"""Sends the report of each week: a letter to each address, at most once, whatever breaks."""

import logging
import smtplib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from monitoring import report, report_reading, report_words, weekly
from monitoring.mailing import Letter, Mailing
from monitoring.report import Period, Report
from veyra.celery import wake
from veyra.models import User
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

TASK = "monitoring.mail"
CONSOLE = "django.core.mail.backends.console.EmailBackend"
SEES = "telephony.view_call"
State = Letter.State

# After so many vain tries nobody tries again; each waits twice as long as the one before.
TRIES, FIRST_PAUSE = 6, timedelta(minutes=5)
# Longer than a mail server may take.
LOST = timedelta(minutes=10)
KEPT = timedelta(days=366)
# Between two trials of one mailing.
TRIAL_PAUSE = timedelta(minutes=1)

NO_OWNER = _("Whoever set this up was deleted. Press Save, and it is sent in your name.")
NO_RIGHT = _("%(name)s, who set this up, may not see calls any more. Set it up anew.")
NO_SERVER = _("The mail server cannot be reached. Tell the engineer: EMAIL_URL says where it is.")
NOT_TAKEN = _("The mail server does not take the letter: %(reason)s")
BROKEN = _("The letter could not be written. Tell the engineer; the log of the worker says why.")
UNCLEAR = _(
    "The connection broke while the letter was handed over, so it may have arrived. It is not sent"
    " twice."
)


def zone_of(user: User | None) -> ZoneInfo:
    return ZoneInfo((user and user.time_zone) or settings.TIME_ZONE)


def is_possible() -> bool:
    """Is there a mail server? Without one letters would only be written to the log."""
    return bool(settings.EMAIL_BACKEND != CONSOLE)


def work(now: datetime) -> None:
    """Everything that is due."""
    give_up_lost(now)
    if not is_possible():
        return
    for mailing in Mailing.objects.select_related("owner"):
        try:
            with transaction.atomic():
                write(mailing, now)
        except Exception:
            # One that is broken holds up none of the others.
            log.exception("mailing %s: its letters were not written", mailing.pk)
    post(Letter.objects.to_send(now), now)


def write(mailing: Mailing, now: datetime) -> None:
    """Letters of the week that is due, where they are not written yet."""
    zone = zone_of(mailing.owner)
    monday = weekly.due(mailing.weekday, mailing.hour, mailing.since, now, zone)
    if monday is None:
        return
    letters = [
        Letter(mailing=mailing, address=address, first_day=monday, not_before=now)
        for address in mailing.addresses
    ]
    Letter.objects.bulk_create(letters, ignore_conflicts=True)


@transaction.atomic
def try_out(mailing: Mailing, user: User, now: datetime) -> bool:
    """Send the report of last week now. False: that was done a moment ago."""
    trials = mailing.letters.filter(is_trial=True)
    if trials.filter(not_before__gt=now - TRIAL_PAUSE).exists():
        return False
    monday = weekly.last_week(now.astimezone(zone_of(mailing.owner)).date())
    Letter.objects.bulk_create(
        Letter(mailing=mailing, address=address, first_day=monday, not_before=now, is_trial=True)
        for address in mailing.addresses
    )
    note = gettext("Sent the report of last week as a trial.")
    LogEntry.objects.log_actions(user.pk, [mailing], CHANGE, change_message=note)
    wake(TASK)
    return True


def claim(letter: Letter, now: datetime) -> bool:
    """Before it is sent: whoever is killed while he sends it leaves nothing to send again."""
    waiting = Letter.objects.to_send(now).filter(pk=letter.pk).order_by()
    if not waiting.update(state=State.SENDING, at=now, tries=F("tries") + 1):
        return False
    letter.refresh_from_db(fields=["tries"])
    return True


class NoServerError(Exception):
    """There is nobody who would take a letter now. `sentence` says why."""

    def __init__(self, msgid: str, **values: object) -> None:
        super().__init__(msgid)
        self.sentence = Sentence(msgid, values)


def post(letters: Iterable[Letter], now: datetime) -> None:
    """Where there is no server, only the first of them finds out: each may wait for it long."""
    away: Sentence | None = None
    for letter in letters:
        if not claim(letter, now):
            continue
        try:
            if away is None:
                send(letter, now)
        except NoServerError as error:
            away = error.sentence
        except Exception:
            log.exception("letter %s was not written", letter.pk)
            settle(letter, State.FAILED, BROKEN)
        if away:
            again(letter, now, away)


def send(letter: Letter, now: datetime) -> None:
    """Send a claimed letter, and say what came of it. Raises NoServerError."""
    owner = letter.mailing.owner
    if owner is None:
        return settle(letter, State.FAILED, NO_OWNER)
    if not (owner.is_active and owner.has_perm(SEES)):
        name = owner.get_full_name() or owner.get_username()
        return settle(letter, State.FAILED, NO_RIGHT, name=name)
    message = compose(letter, owner)
    mail = get_connection()
    try:
        mail.open()
    except smtplib.SMTPResponseException as error:
        # It would not talk to us: a wrong password, most often.
        raise NoServerError(NOT_TAKEN, reason=_reason(error.smtp_code, error.smtp_error)) from error
    except (OSError, smtplib.SMTPException) as error:
        log.warning("letter %s: no mail server: %s", letter.pk, type(error).__name__)
        raise NoServerError(NO_SERVER) from error
    try:
        mail.send_messages([message])
    except smtplib.SMTPRecipientsRefused as error:
        answered(letter, now, next(iter(error.recipients.values())))
    except smtplib.SMTPResponseException as error:
        answered(letter, now, (error.smtp_code, error.smtp_error))
    except (OSError, smtplib.SMTPException) as error:
        log.warning("letter %s: broke off: %s", letter.pk, type(error).__name__)
        settle(letter, State.FAILED, UNCLEAR)
    else:
        settle(letter, State.SENT, "")
    finally:
        mail.close()


def answered(letter: Letter, now: datetime, answer: tuple[int, bytes | str]) -> None:
    """The server said no: by 4xx not now, else not ever."""
    code, reason = answer[0], _reason(*answer)
    if 400 <= code < 500:
        again(letter, now, Sentence(NOT_TAKEN, {"reason": reason}))
    else:
        settle(letter, State.FAILED, NOT_TAKEN, reason=reason)


def _reason(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {text}"[:300]


def again(letter: Letter, now: datetime, why: Sentence) -> None:
    """Later, unless it was tried often enough."""
    if letter.tries >= TRIES:
        return settle(letter, State.FAILED, why.msgid, **why.values)
    later = now + FIRST_PAUSE * 2 ** (letter.tries - 1)
    waits = {"state": State.WAITING, "not_before": later, "error": why.to_json()}
    Letter.objects.filter(pk=letter.pk).update(**waits)


def settle(letter: Letter, state: State, why: str, **values: object) -> None:
    error = Sentence(why, values).to_json() if why else {}
    Letter.objects.filter(pk=letter.pk).update(state=state, at=timezone.now(), error=error)


def give_up_lost(now: datetime) -> None:
    """Whoever was sending it died; whether he had sent it nobody knows."""
    for letter in Letter.objects.claimed_before(now - LOST):
        settle(letter, State.FAILED, UNCLEAR)


def forget(now: datetime) -> None:
    Letter.objects.made_before(now - KEPT).delete()


# The letter itself


def compose(letter: Letter, owner: User) -> EmailMultiAlternatives:
    """In the language and with the hours of those who named the address."""
    period, zone = weekly.week_of(letter.first_day), zone_of(owner)
    found = report_reading.read(period, zone, owner)
    with translation.override(letter.mailing.language), timezone.override(zone):
        context = _told(found, letter, owner)
        message = EmailMultiAlternatives(
            subject=_subject(found),
            body=render_to_string("monitoring/weekly.txt", context),
            to=[letter.address],
            headers={"Auto-Submitted": "auto-generated"},
        )
        message.attach_alternative(render_to_string("monitoring/weekly.html", context), "text/html")
    return message


def _subject(found: Report) -> str:
    values = {
        "days": _days(found.period),
        "calls": report_words.number(found.now.calls),
        "lost": report_words.number(found.now.lost),
    }
    return gettext("Calls %(days)s: %(calls)s, lost: %(lost)s") % values


def _days(period: Period) -> str:
    first, last = (date_format(day, "SHORT_DATE_FORMAT") for day in (period.first, period.last))
    return f"{first} – {last}"


def _told(found: Report, letter: Letter, owner: User) -> dict[str, Any]:
    period = found.period
    address = f"{settings.PUBLIC_URL}/report/?first={period.first}&last={period.last}"
    return {
        "report": found,
        "days": _days(period),
        "facts": report_words.facts(found),
        "bars": list(_bars(found)),
        "lost": report_words.lost(found.now),
        "url": address,
        "stop_url": f"{settings.PUBLIC_URL}/report/weekly/",
        "owner": owner.get_full_name() or owner.get_username(),
        "zone": zone_of(owner).key,
        "is_trial": letter.is_trial,
        "language": letter.mailing.language,
    }


def _bars(found: Report) -> Iterable[tuple[report.Bar, int, int, int]]:
    """Each day, and in percent of the width: answered, lost, the rest."""
    for bar in report.bars(found.period, found.now.hours):
        answered_part = round(100 * bar.height_answered / report.HEIGHT)
        lost_part = round(100 * bar.height_lost / report.HEIGHT)
        yield bar, answered_part, lost_part, max(0, 100 - answered_part - lost_part)
