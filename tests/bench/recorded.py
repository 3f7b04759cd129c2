"""The list of recordings over a thousand and over a million: the same queries, about the same time.

Each is of a call of its own, with a conversation, as tests.bench.history writes them.
"""

from tests.bench import history, pages
from tests.bench.figures import Figure
from tests.bench.ground import Ground
from tests.live.system import System

FEW, MANY = 1_000, 1_000_000
ROUNDS = 5
LIST = "/admin/recordings/recording/"
PAGES = {
    "list of recordings": LIST,
    "recordings of a state": f"{LIST}?state__exact=ready",
    "recordings of a rare state": f"{LIST}?state__exact=missing",
    "recordings of an assistant": f"{LIST}?call__agent__id__exact=1",
    "recordings of a rare assistant": f"{LIST}?call__agent__id__exact=2",
    "recordings of a line": f"{LIST}?call__number__id__exact=1",
    "recordings of a number": f"{LIST}?q=8+(916)+000-00-01",
    "recordings with a word": f"{LIST}?q=%D0%B7%D0%B0%D0%BA%D0%B0%D0%B7%D0%BE%D0%B2",
    "recordings of a day": f"{LIST}?created_at_from_0=2020-01-01&created_at_to_0=2099-01-01",
    "page of a call with its recording": "/calls/{call}/",
}
SETUP = (
    history.SETUP
    + """
from recordings.models import Recording, Storage
Recording.objects.create(call=call, state="ready", storage=Storage.objects.current(), seconds=50,
    file="a.ogg", size=200_000, sha256="0" * 64, started_at=now, ended_at=now,
    spans=[{"at": now.isoformat(), "from": 0, "seconds": 50}],
    peaks={"caller": [50] * 1000, "agent": [20] * 1000})
"""
)
COPIES = {
    **{table: differs for table, differs in history.COPIES.items() if "callevent" not in table},
    "recordings_recording": {
        "id": "md5('recording' || n)::uuid",
        "call_id": "md5('call' || n)::uuid",
        "state": "CASE WHEN {rare} THEN 'missing' ELSE 'ready' END",
        "created_at": history.AT,
        "started_at": history.AT,
        "ended_at": history.END,
    },
}


def measure(arena: Ground) -> list[Figure]:
    return pages.measure(arena, pages.Course("recordings", FEW, MANY, PAGES, _fill, ROUNDS))


def _fill(system: System, count: int) -> None:
    system.ask(SETUP)
    copies = history.copies_of(COPIES, count)
    system.ask(history.FILL.format(copies=copies, calls=count, facts=history.FACTS))
