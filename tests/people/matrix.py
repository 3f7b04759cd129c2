"""What may whom: the table beside this file (`matrix.txt`), and how its doors are found.

A line is `WHAT | who`. WHAT is one of

    GET,POST live/                   methods and an address, as the project has it
    ACTION telephony.call hang_up    something to be done with chosen rows of a list
    STEP restart                     a step of recovery
    SOCKET live                      a socket that stays open
    TOLD live words                  what the board tells only some

and `who` names the roles. Owners may do everything that stands here, and are not named. `all`:
every role; `staff`: whoever is logged in, without a single right as well; `world`: whoever is not.

Where many doors came, write down what is, and read it before it is kept:

    MATRIX=/tmp/found pytest tests/people/test_matrix.py
    python -m tests.people.matrix < /tmp/found > tests/people/matrix.txt
"""

import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from django.urls import URLPattern, URLResolver

TABLE = Path(__file__).with_name("matrix.txt")
ROLES = ("Manager", "Operator", "Supervisor", "Engineer", "Viewer", "Auditor")
# Who may do what these may.
EVERYBODY = frozenset({"Owner", *ROLES})
AT_ONCE = {
    "world": EVERYBODY | {"world", "staff"},
    "staff": EVERYBODY | {"staff"},
    "all": EVERYBODY,
}
# What Django's admin and the API say where there is no door; what Django hands out itself.
NO_DOOR = re.compile(r"\.\*|app_label|<path:object_id>/(history/)?$|/r/|<format>|drf_format")

# Lines about what is no address.
LAST = ("ACTION", "STEP", "SOCKET", "TOLD")

Table = dict[str, frozenset[str]]


def read() -> Table:
    """Each line of the table, by what it is about."""
    found = {}
    for line in TABLE.read_text().splitlines():
        what, who = (part.strip() for part in line.rsplit("|", 1))
        kinds, place = what.split(" ", 1) if " " in what else (what, "")
        for kind in kinds.split(","):
            key = f"{kind} {place}"
            assert key not in found, f"stands there twice: {key}"
            found[key] = AT_ONCE.get(who) or frozenset({"Owner", *who.split()})
    return found


def lines(table: Table) -> list[str]:
    """By the address; what is no address comes last."""
    together: defaultdict[tuple[bool, str, frozenset[str]], list[str]] = defaultdict(list)
    for what, who in sorted(table.items()):
        kind, place = what.split(" ", 1)
        is_last = kind in LAST
        together[is_last, f"{kind} {place}" if is_last else place, who].append(kind)
    order = sorted(together.items(), key=lambda pair: (pair[0][:2], pair[1]))
    found = []
    for (is_last, place, who), kinds in order:
        what = place if is_last else f"{','.join(kinds)} {place}".rstrip()
        found.append(f"{what} | {_named(who)}".rstrip())
    return found


def _named(who: frozenset[str]) -> str:
    short = next((word for word, people in AT_ONCE.items() if people == who), None)
    return short or " ".join(role for role in ROLES if role in who)


def doors(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    """All addresses of the project."""
    for each in patterns:
        # Those of routers are written as expressions.
        route = before + str(each.pattern).removeprefix("^").removesuffix("$").removesuffix("\\Z")
        if isinstance(each, URLResolver):
            yield from doors(each.url_patterns, route)
        elif not NO_DOOR.search(route):
            yield route


def filled(route: str, key: object, number: object = 1) -> str:
    """An address of this door: `key` stands in it for a UUID, `number` for what else is a row."""
    address = re.sub(r"<uuid:\w+>", str(key), route)
    address = re.sub(r"<(slug|str):\w+>", "csv", address)
    address = re.sub(r"\(\?P<pk>.*?\)", str(key), address)
    return "/" + re.sub(r"<.*?>", str(number), address)


def main() -> None:
    """Put together what each was found to be allowed, "who|what" a line."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for line in sys.stdin:
        who, what = line.rstrip("\n").split("|", 1)
        found[what].add(who)
    table = {what: frozenset(who) for what, who in found.items()}
    sys.stdout.writelines(f"{line}\n" for line in lines(table))


if __name__ == "__main__":
    main()
