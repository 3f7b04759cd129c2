"""Rules about what is behind the calls: recordings, speed, programs, logins, test calls. Pure."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from monitoring.health.base import Limit
from monitoring.incidents.facts import Facts, Knock
from monitoring.incidents.models import Severity
from monitoring.incidents.rule import Limits, Rule, Trouble
from veyra.sentences import Sentence

# So many who guess passwords are told one by one.
MOST_KNOCKS = 5


def recording_missing(facts: Facts, limits: Limits) -> Sequence[Trouble]:
    count = len(facts.unrecorded)
    if count < limits["calls"]:
        return ()
    msgid = gettext_noop(
        "Calls that had to be recorded are not: %(count)s in the last hour. “Is everything"
        " recorded?” says why."
    )
    return [Trouble(Sentence(msgid, {"count": count}), calls=facts.unrecorded)]


def within(delays: Mapping[int, int], share: float) -> int:
    """What this share of the callers waited at most, in milliseconds."""
    left = share * sum(delays.values())
    for delay in sorted(delays):
        left -= delays[delay]
        if left <= 0:
            return delay
    return 0


def turn_delay(facts: Facts, limits: Limits) -> Sequence[Trouble]:
    slow = within(facts.delays, 0.95) / 1000
    if sum(facts.delays.values()) < limits["answers"] or slow < limits["seconds"]:
        return ()
    msgid = gettext_noop(
        "Assistants answer slowly: one caller in twenty waits for %(seconds)s s or longer after"
        " each of his words."
    )
    return [Trouble(Sentence(msgid, {"seconds": round(slow, 1)}))]


def assistant_fails(facts: Facts, limits: Limits) -> Sequence[Trouble]:
    count = len(facts.stillborn)
    if count < limits["calls"]:
        return ()
    msgid = gettext_noop(
        "Assistants come to a call and cannot start: %(count)s in the last ten minutes. The"
        " conversation of such a call says what is missing."
    )
    return [Trouble(Sentence(msgid, {"count": count}), calls=facts.stillborn)]


def assistant_lost(facts: Facts, limits: Limits) -> Sequence[Trouble]:
    count = len(facts.bereft)
    if count < limits["calls"]:
        return ()
    msgid = gettext_noop(
        "Assistants were lost in the midst of a talk: %(count)s in the last ten minutes. Another"
        " one was sent to each caller."
    )
    return [Trouble(Sentence(msgid, {"count": count}), calls=facts.bereft)]


def crash_loop(facts: Facts, limits: Limits) -> Sequence[Trouble]:
    msgid = gettext_noop(
        "The program %(name)s starts again and again: %(times)s times in ten minutes. Its last"
        " errors say why."
    )
    return [
        Trouble(Sentence(msgid, {"name": name, "times": times}), about=name)
        for name, times in sorted(facts.starts.items())
        if times >= limits["starts"]
    ]


def budget_spent(facts: Facts, limits: Limits) -> Sequence[Trouble]:
    percent = facts.spent_percent
    if percent is None or percent < limits["percent"]:
        return ()
    if percent >= 100:
        msgid = gettext_noop(
            "Today's budget for providers is spent: %(percent)s%%. Callers meet what you chose for"
            " that."
        )
        return [Trouble(Sentence(msgid, {"percent": percent}), "all", severity=Severity.HIGH)]
    msgid = gettext_noop("Of today's budget for providers %(percent)s%% are spent.")
    return [Trouble(Sentence(msgid, {"percent": percent}), "soon", severity=Severity.MEDIUM)]


def facts_late(facts: Facts, limits: Limits) -> Sequence[Trouble]:
    if facts.backlog < limits["seconds"]:
        return ()
    msgid = gettext_noop(
        "Pages lag behind the calls: what happened %(seconds)s s ago is not worked off yet."
    )
    return [Trouble(Sentence(msgid, {"seconds": round(facts.backlog)}))]


def login_attack(facts: Facts, limits: Limits) -> Sequence[Trouble]:
    msgid = gettext_noop(
        "Somebody guesses passwords of this desk: %(times)s wrong logins in ten minutes (%(what)s)."
    )
    found = [knock for knock in facts.knocks if knock.times >= limits["times"]]
    if len(found) > MOST_KNOCKS:
        return [_many_knocks(found)]
    return [
        Trouble(Sentence(msgid, {"times": knock.times, "what": knock.what}), about=knock.what)
        for knock in found
    ]


def _many_knocks(found: Sequence[Knock]) -> Trouble:
    """One attack by many computers is one trouble."""
    msgid = gettext_noop(
        "Somebody guesses passwords of this desk from many sides: %(count)s addresses and accounts"
        " in ten minutes, most of all %(what)s (%(times)s wrong logins)."
    )
    worst = max(found, key=lambda knock: knock.times)
    values = {"count": len(found), "what": worst.what, "times": worst.times}
    return Trouble(Sentence(msgid, values))


def secret_leaked(facts: Facts, _limits: Limits) -> Sequence[Trouble]:
    if not facts.leaks:
        return ()
    msgid = gettext_noop(
        "Secrets of ours stand in the clear: %(places)s. Whoever can read that has them."
    )
    shown = ", ".join(facts.leaks[:5]) + (", …" if len(facts.leaks) > 5 else "")
    return [Trouble(Sentence(msgid, {"places": shown}))]


def security_event(facts: Facts, _limits: Limits) -> Sequence[Trouble]:
    return [
        Trouble(sentence, about=str(number)) for number, sentence in sorted(facts.alarming.items())
    ]


def webhook_fails(facts: Facts, _limits: Limits) -> Sequence[Trouble]:
    fails = gettext_noop("The program “%(name)s” takes no webhooks. Its page says what it answers.")
    is_off = gettext_noop(
        "The webhook “%(name)s” was switched off: its program has taken nothing for a day."
    )
    return [
        Trouble(
            Sentence(is_off if was_given_up else fails, {"name": name}),
            about=name,
            severity=Severity.MEDIUM if was_given_up else Severity.LOW,
        )
        for name, was_given_up in sorted(facts.deaf.items())
    ]


def test_call(facts: Facts, _limits: Limits) -> Sequence[Trouble]:
    msgid = gettext_noop("The test call to %(number)s failed. The test calls say at which step.")
    return [
        Trouble(Sentence(msgid, {"number": number}), about=number) for number in facts.failed_tests
    ]


RULES = (
    Rule(
        "recording_missing",
        _("A recording is missing"),
        _("A call had to be recorded, and there is no recording of it, or only a broken one."),
        Severity.HIGH,
        recording_missing,
        damping=5,
        limits=(
            Limit("calls", _("At least so many calls"), _("Fewer are no incident."), 1, 1, 100),
        ),
    ),
    Rule(
        "turn_delay",
        _("Assistants answer slowly"),
        _("Callers wait too long between their words and the assistant's."),
        Severity.MEDIUM,
        turn_delay,
        limits=(
            Limit(
                "seconds",
                _("Seconds"),
                _("How long one caller in twenty may wait for an answer."),
                4,
                0.5,
                60,
            ),
            Limit(
                "answers",
                _("At least so many answers"),
                _("Of fewer answers nothing is said."),
                20,
                1,
                1000,
            ),
        ),
    ),
    Rule(
        "assistant_fails",
        _("Assistants cannot start"),
        _("An assistant came to a call, and could not speak: a key, a voice or a text is missing."),
        Severity.HIGH,
        assistant_fails,
        damping=0,
        limits=(
            Limit("calls", _("At least so many calls"), _("Fewer are no incident."), 2, 1, 100),
        ),
        is_loud=True,
    ),
    Rule(
        "assistant_lost",
        _("Assistants are lost in the midst of a talk"),
        _("The process of an assistant died, or hung for a minute, while somebody talked to it."),
        Severity.MEDIUM,
        assistant_lost,
        damping=0,
        limits=(
            Limit("calls", _("At least so many calls"), _("Fewer are no incident."), 1, 1, 100),
        ),
    ),
    Rule(
        "crash_loop",
        _("A program starts again and again"),
        _("One of Veyra's programs ends by a fault as soon as it is started."),
        Severity.HIGH,
        crash_loop,
        damping=0,
        limits=(Limit("starts", _("Starts in ten minutes"), _("Fewer are normal."), 4, 2, 100),),
    ),
    Rule(
        "budget",
        _("The day's budget is being spent"),
        _("What providers ask for today's conversations is near what you allowed, or above it."),
        Severity.HIGH,
        budget_spent,
        damping=0,
        limits=(Limit("percent", _("Percent of it"), _("Less is no incident."), 80, 1, 100),),
    ),
    Rule(
        "facts_late",
        _("Pages lag behind the calls"),
        _("What LiveKit tells of calls is stored, and not worked off in time."),
        Severity.HIGH,
        facts_late,
        limits=(Limit("seconds", _("Seconds"), _("For how long a fact may wait."), 15, 3, 600),),
    ),
    Rule(
        "login_attack",
        _("Somebody guesses passwords"),
        _("Many wrong logins from one address, or to one account."),
        Severity.HIGH,
        login_attack,
        damping=0,
        limits=(
            Limit("times", _("Wrong logins in ten minutes"), _("Fewer are normal."), 15, 3, 1000),
        ),
    ),
    Rule(
        "secret_leaked",
        _("A secret stands in the clear"),
        _("Each night it is looked whether a password or key stands in a log, file or backup."),
        Severity.HIGH,
        secret_leaked,
        damping=0,
    ),
    Rule(
        "security_event",
        _("Somebody should look at this"),
        _(
            "A new owner, a second factor that was switched off, a token, much that was taken as"
            " files, or many calls that were turned away."
        ),
        Severity.MEDIUM,
        security_event,
        damping=0,
    ),
    Rule(
        "webhook_fails",
        _("Another program takes no webhooks"),
        _("A program that is told of calls has not answered for an hour, or was given up."),
        Severity.MEDIUM,
        webhook_fails,
        damping=0,
    ),
    Rule(
        "test_call",
        _("The test call fails"),
        _("Veyra calls our own numbers by itself, and listens whether it is answered."),
        Severity.HIGH,
        test_call,
        damping=0,
    ),
)
