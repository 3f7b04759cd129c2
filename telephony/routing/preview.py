"""What a form would change, before it is saved: the form laid over the saved line."""

from dataclasses import replace

from telephony.routing import problems
from telephony.routing.wish import Line, Problem, Rule


def new_problems(line: Line, rule: Rule) -> list[Problem]:
    """What would be wrong with the rules of `line` once `rule` is saved, and is not now."""
    before = {(each.key, each.sentence.msgid) for each in _of_rules(line)}
    others = tuple(each for each in line.rules if each.key != rule.key)
    known = len(others) < len(line.rules)
    rules = tuple(rule if each.key == rule.key else each for each in line.rules)
    after = replace(line, rules=rules if known else (*others, rule))
    return [each for each in _of_rules(after) if (each.key, each.sentence.msgid) not in before]


def _of_rules(line: Line) -> list[Problem]:
    usable, found = problems.usable_rules(line)
    _served, clashes = problems.routes(line, usable)
    return [each for each in (*found, *clashes) if each.kind == "rule"]
