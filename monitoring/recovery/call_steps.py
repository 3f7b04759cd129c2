"""The step that calls the line itself."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from monitoring import synthetic
from monitoring.recovery.step import Outcome, Step, failed, waits
from telephony.models import PhoneNumber, TestCall
from veyra.sentences import Sentence

NO_NUMBER = _(
    "There is no number that our own telephone may call: none that an assistant answers at once,"
    " whoever calls and without a PIN."
)
NO_ENTRANCE = _("There is no call entrance here that our own telephone could call.")
# Two minutes of calls, and then all that is waited for.
LONGEST = timedelta(minutes=8)


def _call(now: datetime, target: str) -> Outcome:
    if not synthetic.is_possible():
        return failed(NO_ENTRANCE)
    number = _number(target) or next(iter(synthetic.numbers()), None)
    rows = synthetic.begin(TestCall.Why.ASKED, number) if number else []
    if not rows:
        return failed(NO_NUMBER)
    return waits(_("Our own telephone is calling %(number)s."), number=rows[0].number.number)


def _number(target: str) -> PhoneNumber | None:
    """By its id, or as it is written."""
    named = {"pk": int(target)} if target.isdecimal() else {"number": target}
    return PhoneNumber.objects.in_use().filter(**named).first() if target else None


def _came_of_it(now: datetime, begun: datetime, target: str) -> Outcome | None:
    asked = TestCall.objects.filter(why=TestCall.Why.ASKED, asked_at__gte=begun)
    if number := _number(target):
        asked = asked.filter(number=number)
    row = asked.order_by("asked_at").first()
    if row is not None and row.judged_at is not None:
        return Outcome(row.state == TestCall.State.DONE, Sentence.from_json(row.result))
    if now - begun < LONGEST:
        return None
    return failed(_("The call was not placed: nobody works on the queue of calls."))


STEPS: Sequence[Step] = [
    Step(
        name="synthetic_call",
        title=gettext_lazy("Call the line and listen"),
        says=lambda _target: Sentence(
            _(
                "Our own telephone calls a number of ours, listens to the greeting, says a few"
                " words and hangs up. It takes up to a minute and one place, and counts in no"
                " figure."
            )
        ),
        run=_call,
        later=_came_of_it,
        permission="telephony.add_testcall",
    ),
]
