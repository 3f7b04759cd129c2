"""Steps for our own programs: restart, rest, do what was forgotten."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from monitoring.health.models import HealthCheck
from monitoring.recovery.installation import command_for, command_for_name
from monitoring.recovery.step import Outcome, Step, failed, waits, worked
from telephony import tapping
from veyra.celery import wake
from veyra.models import Lease, Program, Pulse
from veyra.sentences import Sentence

# A supervisor starts a program at once, and it needs some seconds until it is there.
BACK = timedelta(minutes=2)
# Who has not read the request by then hangs; where it could be ended from here, it was by then.
READS = timedelta(seconds=45)
# No program takes a lock for longer: what says so was written by a clock that was wrong.
LONGEST = timedelta(minutes=15)

# Programs that are not ours, with the check that tells whether they answer.
FOREIGN = {
    "livekit-server": "livekit",
    "livekit-sip": "gateway",
    "kamailio": "registrar",
    "redis": "broker",
    "postgres": "database",
}
# For so long a person has time to type a command; what a check found just before is not news.
TYPED, SETTLES = timedelta(minutes=15), timedelta(seconds=5)

TYPE_THERE = _("Type this on the server of “%(program)s”, it is waited for: %(command)s")
GONE = _("There is no such program here any more.")
TYPE_IT = _(
    "“%(program)s” on %(host)s does not listen any more. Type this on that host, it is waited for:"
    " %(command)s"
)


def _restart(now: datetime, target: str) -> Outcome:
    program = _program(target)
    if program is None and target in FOREIGN:
        return waits(TYPE_THERE, program=target, command=command_for_name(target))
    if program is None:
        return failed(GONE)
    if not program.ask_to_stop(now):
        return worked(_("It was started again a moment ago."))
    if not program.listens(now) and not program.is_near:
        return waits(TYPE_IT, **_named(program))
    return waits(_("It was asked to end. It ends when its work is done, and is started again."))


def _program(target: str) -> Program | None:
    """program@host, or the one that began last of this name."""
    if "@" in target:
        return Program.objects.named(target).first()
    return Program.objects.filter(name=target).order_by("-started_at").first()


def _answers_again(now: datetime, begun: datetime, target: str) -> Outcome | None:
    """Of a program that tells nothing of itself its check tells."""
    row = HealthCheck.objects.filter(name=FOREIGN[target], checked_at__gt=begun + SETTLES).first()
    if row is not None and row.status == HealthCheck.Status.OK:
        return worked(_("It answers."))
    return None if now - begun < TYPED else failed(_("It still does not answer."))


def _restarted(now: datetime, begun: datetime, target: str) -> Outcome | None:
    program = _program(target)
    if program is None:
        return _answers_again(now, begun, target) if target in FOREIGN else failed(GONE)
    if program.started_at > begun:
        seconds = round((program.started_at - begun).total_seconds())
        return worked(_("It is back after %(seconds)s s."), seconds=seconds)
    return _hangs(program, now, begun)


def _hangs(program: Program, now: datetime, begun: datetime) -> Outcome | None:
    """One that was asked to end and reads nothing has to be ended by a person.

    While it tells of itself it drains: an assistant may have long calls. When it has ended, its
    supervisor starts it again; `manage.py up` ends it where it is in sight.
    """
    if program.listens(now) or now - begun < (BACK if program.is_gone else READS):
        return None
    return (waits if now - begun < TYPED else failed)(TYPE_IT, **_named(program))


def _named(program: Program) -> dict[str, str]:
    return {"program": program.name, "host": program.host, "command": command_for(program)}


def _says_restart(target: str) -> Sentence:
    name, _at, host = target.partition("@")
    if name in FOREIGN or name == "broker":
        msgid = _(
            "“%(program)s” is ended and started again. Calls that go on through it break off."
        )
        return Sentence(msgid, {"program": name})
    msgid = _(
        "“%(program)s” on %(host)s takes no new work, ends when what it does is done, and is"
        " started again. Calls that go on end by themselves before."
    )
    return Sentence(msgid, {"program": name, "host": host})


def _resubscribe(now: datetime, target: str) -> Outcome:
    taps = list(Program.objects.to_know(now).filter(name="tap"))
    asked = [tap for tap in taps if tap.ask_to_stop(now)]
    if any(tap.listens(now) or tap.is_near for tap in asked):
        return waits(_("The program that hears the call entrance is started again."))
    if taps:
        return waits(TYPE_IT, **_named(taps[-1]))
    return failed(_("The program that hears the call entrance never ran. Start `manage.py tap`."))


def _subscribed(now: datetime, begun: datetime, target: str) -> Outcome | None:
    back = Program.objects.filter(name="tap", started_at__gt=begun)
    if back.exists() and Pulse.objects.filter(name=tapping.PULSE, at__gt=begun).exists():
        return worked(_("We hear the call entrance again."))
    for tap in Program.objects.to_know(now).filter(name="tap"):
        if told := _hangs(tap, now, begun):
            return told
    if now - begun < BACK:
        return None
    return failed(_("We still do not hear the call entrance. Look whether Redis answers."))


def _release_lock(now: datetime, target: str) -> Outcome:
    impossible = Q(until__lt=now) | Q(until__gt=now + LONGEST)
    if Lease.objects.filter(impossible, name=target).delete()[0]:
        return worked(_("The lock is released."))
    if not Lease.objects.filter(name=target).exists():
        return worked(_("Nobody holds this lock."))
    return failed(
        _("Its holder lives, or did so a minute ago. The lock of a dead one ends by itself.")
    )


def _run_again(now: datetime, target: str) -> Outcome:
    entry = settings.CELERY_BEAT_SCHEDULE.get(target)
    if entry is None:
        return failed(_("There is no such work in the schedule."))
    wake(str(entry["task"]))
    return worked(_("The work was given to the queue, which begins with it at once."))


STEPS: Sequence[Step] = [
    Step(
        name="restart",
        title=gettext_lazy("Restart the program"),
        says=_says_restart,
        run=_restart,
        later=_restarted,
    ),
    Step(
        name="resubscribe_tap",
        title=gettext_lazy("Listen to the call entrance again"),
        says=lambda _target: Sentence(
            _(
                "The program that hears the call entrance is started again. Calls are not touched;"
                " what is said meanwhile is found by other ways."
            )
        ),
        run=_resubscribe,
        later=_subscribed,
    ),
    Step(
        name="release_lock",
        title=gettext_lazy("Release the lock of a dead program"),
        says=lambda target: Sentence(
            _(
                "If the program that holds the lock “%(lock)s” is dead, another one can go on with"
                " its work. A living one keeps it."
            ),
            {"lock": target},
        ),
        run=_release_lock,
    ),
    Step(
        name="run_task_again",
        title=gettext_lazy("Do the work of the schedule now"),
        says=lambda target: Sentence(
            _("“%(work)s” is done now, instead of at its next time. To do it twice is harmless."),
            {"work": target},
        ),
        run=_run_again,
        times=6,
    ),
]
