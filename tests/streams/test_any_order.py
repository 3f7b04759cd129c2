"""Whatever staff do in whatever order, and whoever dies meanwhile: LiveKit sends what is wanted."""

import random

import pytest
from django.conf import LazySettings

from recordings import looking, streaming
from recordings.models import Stream
from tests.simulator.conftest import Simulated
from veyra.livekit.media import masked
from veyra.livekit.types import Room
from veyra.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.prove]
ADDRESSES = [f"rtmp://{host}.example.org/app/key-of-{host}" for host in ("one", "two", "three")]
STEPS = ["look", "look", "add", "add", "remove", "die", "forget_answer", "away", "stop", "close"]
# The last two end it, so they are rare.
WEIGHTS = [6, 6, 4, 4, 4, 2, 2, 2, 1, 1]


class Walk:
    """A stream and everything that happens to it."""

    def __init__(self, livekit: Simulated, room: str, settings: LazySettings, seed: int) -> None:
        self.livekit, self.settings, self.luck = livekit, settings, random.Random(seed)
        self.room: Room = livekit.store.rooms[room]
        self.user = User.objects.create_user("anna")
        self.stream = streaming.begin(self.room, ADDRESSES[0], False, self.user)

    def now(self) -> Stream:
        return Stream.objects.get(pk=self.stream.pk)

    def wanted(self) -> list[str]:
        return [target.address for target in self.stream.targets.filter(is_wanted=True)]

    def look(self) -> None:
        looking.look()

    def add(self) -> None:
        address = self.luck.choice(ADDRESSES)
        if self.now().is_open and self.now().is_wanted and address not in self.wanted():
            streaming.add(self.stream, address, self.user)

    def remove(self) -> None:
        if found := list(self.stream.targets.filter(is_wanted=True)):
            streaming.remove(self.luck.choice(found), self.user)

    def die(self) -> None:
        """After LiveKit's answer, before it was written down."""
        if self.now().state in ("waiting", "live"):
            Stream.objects.update(egress_id="", state="waiting")

    def forget_answer(self) -> None:
        """LiveKit begins, and its answer is lost."""
        if self.now().state == "waiting" and not self.now().egress_id:
            real, self.settings.LIVEKIT_URL = self.settings.LIVEKIT_URL, "http://127.0.0.1:9"
            looking.look()
            self.settings.LIVEKIT_URL = real

    away = forget_answer

    def stop(self) -> None:
        streaming.stop(self.stream, self.user)

    def close(self) -> None:
        if self.room.name in self.livekit.store.rooms:
            self.livekit.do(self.livekit.switchboard.delete_room(self.room.name))


@pytest.mark.parametrize("seed", range(40))
def test_livekit_sends_what_is_wanted_and_never_twice(
    seed: int,
    livekit: Simulated,
    room: str,
    settings: LazySettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streaming, "UNANSWERED", streaming.UNANSWERED * 0)
    walk = Walk(livekit, room, settings, seed)
    for step in walk.luck.choices(STEPS, WEIGHTS, k=25):
        getattr(walk, step)()
        going_on = [job for job in livekit.switchboard.recorders.jobs.values() if not over(job)]
        assert len(going_on) <= 1, step
    for _settles in range(3):
        looking.look()
    going_on = [job for job in livekit.switchboard.recorders.jobs.values() if not over(job)]
    row = walk.now()
    if row.is_open:
        (job,) = going_on
        assert sorted(job.addresses) == sorted(walk.wanted()) and row.egress_id
        live = {target.shown for target in row.targets.filter(state="live")}
        assert live == {masked(address) for address in walk.wanted()}
    else:
        assert going_on == []
        assert not row.targets.filter(state__in=("live", "waiting")).exists()


def over(job: object) -> bool:
    return job.info.status >= 3  # type: ignore[attr-defined,no-any-return]  # a Job; COMPLETE
