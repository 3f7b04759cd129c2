"""Looking ahead and saving on a line of ten thousand numbers, against their bounds.

It runs inside a process of ours, on PostgreSQL, with the web process's memory.
"""

import json
import statistics
import time
import uuid
from collections.abc import Callable
from random import Random
from typing import Any

from tests.bench.figures import Figure
from tests.bench.ground import Ground
from tests.bench.route import NUMBERS, make_line
from tests.bench.sockets import in_database

RULES = 50
WARM_UP, ASKED = 3, 40
PREVIEW_BOUND_MS, IMPORT_BOUND_S = 500.0, 4.0
INSIDE = "from tests.bench.edits import inside\nprint(inside())"


def measure(arena: Ground) -> list[Figure]:
    line = f"{NUMBERS} numbers, {RULES} rules"
    found = json.loads(in_database(arena, INSIDE))
    return [
        Figure(
            name=f"preview of one save, median of {ASKED} ({line}); the bound",
            unit="ms",
            ours=found["preview"],
            bare=PREVIEW_BOUND_MS,
            bound="<=",
            target=1.0,
        ),
        Figure(
            name=f"import of {NUMBERS} new numbers, read and saved; the bound",
            unit="s",
            ours=found["import"],
            bare=IMPORT_BOUND_S,
            bound="<=",
            target=1.0,
        ),
    ]


def inside() -> str:
    """{"preview": ms, "import": seconds}. Called in a process that has the arena's database."""
    import veyra.asgi  # noqa: F401  # it tells the collector what the web process does

    make_line(RULES)
    return json.dumps({"preview": _preview(), "import": _import()})


def _preview() -> float:
    from telephony import changes
    from telephony.changes import Change, Edit

    dice, took, edits = Random(1), [], _edits()
    for _ in range(WARM_UP + ASKED):
        kind = dice.choice(list(edits))
        row, values = edits[kind](dice)
        edit = Edit(changes=(Change(model=kind, key=str(row.key), values=values),))
        begun = time.perf_counter()
        found = changes.preview(edit)
        took.append((time.perf_counter() - begun) * 1000)
        assert not found.errors
    return statistics.median(took[WARM_UP:])


def _edits() -> dict[Any, Callable[[Random], tuple[Any, dict[str, Any]]]]:
    """Saves that people make: somebody else answers, a number moves, a provider's new address."""
    from agentworker.models import Agent, AgentVersion
    from telephony.models import DispatchRule, PhoneNumber, Trunk

    sales = Agent.objects.create(name="Sales")
    AgentVersion.objects.create(agent=sales, number=1, language="ru", greeting="Здравствуйте!")
    rules, trunks = list(DispatchRule.objects.all()), list(Trunk.objects.all())
    numbers = list(PhoneNumber.objects.all())
    return {
        "rule": lambda dice: (dice.choice(rules), {"agent": str(sales.key)}),
        "number": lambda dice: (dice.choice(numbers), {"trunk": str(dice.choice(trunks).key)}),
        "trunk": lambda dice: (dice.choice(trunks), {"addresses": "198.51.100.0/24"}),
    }


def _import() -> float:
    """From a file's text to saved rows: as the second step of the import does it."""
    from telephony import number_import, numberfile
    from telephony.asking import save_seen
    from telephony.models import DispatchRule, Trunk
    from veyra.models import User

    user = User.objects.create_superuser(f"bench-{uuid.uuid4()}")
    trunk, rules = Trunk.objects.all()[0], list(DispatchRule.objects.all())
    text = numberfile.as_text(
        numberfile.Row(
            line=n + 2,
            number=f"8 (812) {n // 10_000:03}-{n // 100 % 100:02}-{n % 100:02}",
            label=f"Office {n}",
            trunk=trunk.name,
            rules=rules[n % len(rules)].name,
        )
        for n in range(NUMBERS)
    )
    edit = number_import.draft(numberfile.read_text(text), user).edit
    shown = save_seen(edit, "", accepted=False)
    assert shown is not None and not shown.errors
    begun = time.perf_counter()
    edit = number_import.draft(numberfile.read_text(text), user).edit
    left = save_seen(edit, shown.token, accepted=True)
    took = time.perf_counter() - begun
    assert left is None
    return took
