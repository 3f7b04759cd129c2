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

NO_RIGHT = _("%(name)s, who set this up, may not see calls any more. Set it up anew.")
NO_SERVER = _("The mail server cannot be reached. Tell the engineer: EMAIL_URL says where it is.")
NOT_TAKEN = _("The mail server does not take the letter: %(reason)s")
UNCLEAR = _(
    "The connection broke while the letter was handed over, so it may have arrived. It is not sent"
    " twice."
)


def zone_of(user: User) -> ZoneInfo:
    return ZoneInfo(user.time_zone or settings.TIME_ZONE)


def is_possible() -> bool:
    """Is there a mail server? Without one letters would only be written to the log."""
    return bool(settings.EMAIL_BACKEND != CONSOLE)


def work(now: datetime) -> None:
    """Everything that is due."""
    give_up_lost(now)
    if not is_possible():
        return
    for mailing in Mailing.objects.select_related("owner"):
        write(mailing, now)
    for letter in Letter.objects.to_send(now):
        if claim(letter, now):
            send(letter, now)


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
    LogEntry.objects.log_actions(user.pk, [mailing], CHANGE, change_message="trial")
    wake(TASK)
    return True


def claim(letter: Letter, now: datetime) -> bool:
    """Before it is sent: whoever is killed while he sends it leaves nothing to send again."""
    waiting = Letter.objects.filter(pk=letter.pk, state=State.WAITING)
    return bool(waiting.update(state=State.SENDING, at=now, tries=F("tries") + 1))


def send(letter: Letter, now: datetime) -> None:
    """Send a claimed letter, and say what came of it."""
    owner = letter.mailing.owner
    if not (owner.is_active and owner.has_perm(SEES)):
        name = owner.get_full_name() or owner.get_username()
        return settle(letter, State.FAILED, NO_RIGHT, name=name)
    message = compose(letter)
    mail = get_connection()
    try:
        mail.open()
    except smtplib.SMTPResponseException as error:
        # It would not talk to us: a wrong password, most often.
        return again(letter, now, NOT_TAKEN, reason=_reason(error.smtp_code, error.smtp_error))
    except (OSError, smtplib.SMTPException) as error:
        log.warning("letter %s: no mail server: %s", letter.pk, type(error).__name__)
        return again(letter, now, NO_SERVER)
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
        again(letter, now, NOT_TAKEN, reason=reason)
    else:
        settle(letter, State.FAILED, NOT_TAKEN, reason=reason)


def _reason(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {text}"[:300]


def again(letter: Letter, now: datetime, why: str, **values: object) -> None:
    """Later, unless it was tried often enough."""
    if letter.tries + 1 >= TRIES:
        return settle(letter, State.FAILED, why, **values)
    later = now + FIRST_PAUSE * 2**letter.tries
    error = Sentence(why, values).to_json()
    Letter.objects.filter(pk=letter.pk).update(state=State.WAITING, not_before=later, error=error)


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


def compose(letter: Letter) -> EmailMultiAlternatives:
    """In the language and with the hours of those who named the address."""
    owner, period = letter.mailing.owner, weekly.week_of(letter.first_day)
    zone = zone_of(owner)
    found = report_reading.read(period, zone, owner)
    with translation.override(letter.mailing.language), timezone.override(zone):
        context = _told(found, letter)
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


def _told(found: Report, letter: Letter) -> dict[str, Any]:
    owner, period = letter.mailing.owner, found.period
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
