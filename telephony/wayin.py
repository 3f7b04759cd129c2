"""Why a call went where it went: what took it on, in the words of the route test."""

from telephony.models import Call
from telephony.routetest import QuestionError, Report, ask, question_of
from telephony.routing.route import Mark
from veyra.sentences import Sentence


def why_taken(call: Call) -> list[Sentence]:
    """What let an incoming call in and sent it to its rule. Empty where nobody can say any more: as
    the line is saved now, such a call would come another way.
    """
    if call.direction != Call.Direction.INBOUND or call.trunk is None or call.rule is None:
        return []
    try:
        report = ask(question_of(call), call.started_at)
    except QuestionError:
        return []
    if not _goes_as(call, report):
        return []
    return [step.sentence for step in report.steps if step.mark == Mark.TAKES]


def _goes_as(call: Call, report: Report) -> bool:
    trunk, rule = call.trunk, call.rule
    if trunk is None or rule is None or report.route.trunk is None:
        return False
    rules = {way.rule.key for way in report.route.ways}
    return report.route.trunk.key == str(trunk.key) and str(rule.key) in rules
