"""For how long recordings are kept: by number, by assistant, else as long as all others. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

# What a number or an assistant says; None: they are kept until somebody deletes them.
Days = int | None


@dataclass(frozen=True)
class Scope:
    """Whose recordings a term is of: a number's, an assistant's (keys of rows), or all others."""

    number: int | None = None
    agent: int | None = None


@dataclass(frozen=True)
class Terms:
    """A number's own term comes before its assistant's, and that before the one of all others."""

    others: Days = None
    of_agents: Mapping[int, Days] = field(default_factory=dict)
    of_numbers: Mapping[int, Days] = field(default_factory=dict)

    def days(self, number: int | None, agent: int | None) -> Days:
        """Of a recording of a call to this number that this assistant took."""
        of_agent = self.others if agent is None else self.of_agents.get(agent, self.others)
        return of_agent if number is None else self.of_numbers.get(number, of_agent)

    def put(self, scope: Scope, days: Days) -> "Terms":
        if scope.number:
            return replace(self, of_numbers={**self.of_numbers, scope.number: days})
        if scope.agent:
            return replace(self, of_agents={**self.of_agents, scope.agent: days})
        return replace(self, others=days)

    def drop(self, scope: Scope) -> "Terms":
        """Without what this scope says itself; all others are then kept without an end."""
        if scope.number:
            return replace(self, of_numbers=_without(self.of_numbers, scope.number))
        if scope.agent:
            return replace(self, of_agents=_without(self.of_agents, scope.agent))
        return replace(self, others=None)

    def shortens(self, new: "Terms", scope: Scope) -> bool:
        """Would any recording be kept for less time, if what `scope` says became as in `new`?"""
        return any(
            is_shorter(new.days(*pair), self.days(*pair)) for pair in self._touched(new, scope)
        )

    def _touched(self, new: "Terms", scope: Scope) -> Iterator[tuple[int | None, int | None]]:
        if scope.number is None:
            yield None, scope.agent
            return
        agents = {*self.of_agents, *new.of_agents}
        yield from ((scope.number, agent) for agent in [None, *agents])

    def groups(self) -> "list[Group]":
        """The recordings that are deleted some day, each in one of these."""
        numbers, agents = tuple(self.of_numbers), tuple(self.of_agents)
        found = [Group(days, numbers=among) for days, among in _alike(self.of_numbers)]
        found += [
            Group(days, agents=among, not_numbers=numbers) for days, among in _alike(self.of_agents)
        ]
        if self.others is not None:
            found.append(Group(self.others, not_numbers=numbers, not_agents=agents))
        return found


@dataclass(frozen=True)
class Group:
    """Recordings that are kept for so many days: of these numbers or assistants (none named: of
    any), but not of those.
    """

    days: int
    numbers: tuple[int, ...] = ()
    agents: tuple[int, ...] = ()
    not_numbers: tuple[int, ...] = ()
    not_agents: tuple[int, ...] = ()

    def before(self, now: datetime) -> datetime:
        """Whatever began before that moment is not kept any longer."""
        return now - timedelta(days=self.days)


def is_shorter(days: Days, than: Days) -> bool:
    return days is not None and (than is None or days < than)


def _without(terms: Mapping[int, Days], key: int) -> dict[int, Days]:
    return {each: days for each, days in terms.items() if each != key}


def _alike(terms: Mapping[int, Days]) -> list[tuple[int, tuple[int, ...]]]:
    """Those with the same number of days together; those that are kept for ever left out."""
    found: dict[int, list[int]] = defaultdict(list)
    for key, days in terms.items():
        if days is not None:
            found[days].append(key)
    return [(days, tuple(keys)) for days, keys in sorted(found.items())]
