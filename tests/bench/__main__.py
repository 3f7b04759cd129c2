"""Veyra beside the barest thing that does the same, in one run: `make bench`.

usage: python -m tests.bench [webhooks] [journal] [boards] [screen] [desk] [calls] [talks]
                             [lists] [history] [keeping] [listening] [recorded] [peaks]
                             [route] [edits] [publish] [registrar] [metrics]
"""

import os
import sys
from collections.abc import Callable

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "veyra.settings")

import django

django.setup()

from tests.bench import (  # noqa: E402  # they need Django
    boards,
    calls,
    desk,
    edits,
    history,
    journal,
    keeping,
    listening,
    lists,
    metrics,
    peaks,
    publish,
    recorded,
    registrar,
    route,
    screen,
    talks,
    webhooks,
)
from tests.bench.figures import Figure, table  # noqa: E402  # likewise
from tests.bench.ground import Ground, MissingError, ground  # noqa: E402  # likewise

BENCHES: dict[str, Callable[[Ground], list[Figure]]] = {
    "webhooks": webhooks.measure,
    "journal": journal.measure,
    "calls": calls.measure,
    "talks": talks.measure,
    "screen": screen.measure,
    "boards": boards.measure,
    "desk": desk.measure,
    "lists": lists.measure,
    "history": history.measure,
    "keeping": keeping.measure,
    "listening": listening.measure,
    "recorded": recorded.measure,
    "route": route.measure,
    "edits": edits.measure,
    "publish": publish.measure,
    "peaks": peaks.measure,
    "registrar": registrar.measure,
    "metrics": metrics.measure,
}


def main(names: list[str]) -> int:
    """0 where every target was met."""
    figures: list[Figure] = []
    for name in names or BENCHES:
        with ground() as arena:
            found = BENCHES[name](arena)
        sys.stdout.write(table(found) + "\n")
        sys.stdout.flush()
        figures += found
    if len(figures) > 1:
        sys.stdout.write(table(figures))
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except MissingError as error:
        sys.exit(f"The comparison cannot run: {error}.")
    except KeyError as error:
        sys.exit(f"There is no comparison {error}; there are {', '.join(BENCHES)}.")
