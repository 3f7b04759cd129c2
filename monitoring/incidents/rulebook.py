"""All rules, and what they see now by the settings of the staff. Pure."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from monitoring.incidents import call_rules, causes, health_rules, work_rules
from monitoring.incidents.facts import Facts
from monitoring.incidents.models import RuleSetting
from monitoring.incidents.rule import Limits, Rule, Sighting, Trouble

log = logging.getLogger(__name__)

RULES: tuple[Rule, ...] = (*call_rules.RULES, *work_rules.RULES, *health_rules.RULES)
BY_SLUG: Mapping[str, Rule] = {rule.slug: rule for rule in RULES}

Settings = Mapping[str, RuleSetting]


@dataclass(frozen=True)
class Looked:
    """`blind`: the rules that could not tell anything."""

    sightings: list[Sighting]
    blind: frozenset[str]


def look(facts: Facts, settings: Settings, gone: Iterable[Sighting] = ()) -> Looked:
    """`gone`: what was seen a moment ago, and is not yet over."""
    seen: list[Sighting] = []
    blind = set()
    for rule in RULES:
        setting = settings.get(rule.slug)
        if setting and not setting.is_enabled:
            continue
        try:
            if not rule.can_tell(facts):
                blind.add(rule.slug)
                continue
            troubles = rule.find(facts, limits_of(rule, setting))
        except Exception:  # one rule that breaks must not silence all others
            log.exception("the rule %s broke", rule.slug)
            blind.add(rule.slug)
            continue
        seen += [_sighting(rule, trouble, setting) for trouble in troubles]
    causes_now = {sighting.cause for sighting in seen}
    lately = [sighting for sighting in gone if sighting.cause not in causes_now]
    return Looked(causes.roots(seen, lately), frozenset(blind))


def limits_of(rule: Rule, setting: RuleSetting | None) -> Limits:
    """What staff say of them, else their defaults."""
    changed = setting.thresholds if setting else {}
    return {limit.name: float(changed.get(limit.name, limit.default)) for limit in rule.limits}


def _sighting(rule: Rule, trouble: Trouble, setting: RuleSetting | None) -> Sighting:
    usual = setting.severity if setting and setting.severity else rule.severity
    damping = setting.damping if setting else None
    return Sighting(
        rule=rule.slug,
        cause=f"{rule.slug}:{trouble.about}"[:160] if trouble.about else rule.slug,
        sentence=trouble.sentence,
        severity=max(usual, trouble.severity or usual),
        damping=rule.damping if damping is None else damping,
        is_loud=rule.is_loud and not trouble.is_hint,
        calls=tuple(trouble.calls),
        explains=not trouble.is_hint,
    )
