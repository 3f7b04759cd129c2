"""Music for a caller while somebody is looked for, and what a colleague hears before they talk."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from functools import partial

from django.utils import timezone
from livekit import rtc

from agentworker import last_words
from agentworker.leaving import let_go
from agentworker.people import Person
from agentworker.presence import people, person
from agentworker.rows import note, read, refreshed
from agentworker.standin import LONGEST_HOLD, StandIn
from agentworker.voice import HEARD_SECONDS, PAUSE_SECONDS, Voice, first, let_hear, wait_for
from veyra.livekit.client import LiveKit
from veyra.livekit.types import LiveKitError, attempt

log = logging.getLogger(__name__)

# How often the row is read, and how soon a telephone that was picked up is kept apart.
LOOK_SECONDS = 0.25
LIVEKIT_SECONDS = 2.0
# A colleague who does not hear the summary by then does without it: somebody waits for him.
BEGINS_SECONDS = 3.0
WAITS_NOT = "1"
# LiveKit is asked so often to let those hear each other who were kept apart.
CONNECT_TIMES, CONNECT_SECONDS = 10, 0.5


class Hold:
    """Of one room, which was entered. `row` is as it stood when it was read last."""

    def __init__(self, room: rtc.Room, row: StandIn) -> None:
        self.room, self.row = room, row
        # Something happened that may end it.
        self._news = asyncio.Event()
        self._pressed_by = ""
        # Colleagues who want to hear no more of the summary.
        self._has_heard: set[str] = set()
        self._is_playing = self._is_connecting = False
        self._subscribing = asyncio.Lock()
        self._heard: dict[str, asyncio.Event] = {}
        # What one person alone hears beside the music: the track, and who.
        self._aside: dict[str, list[str]] = {}
        room.on("participant_connected", self._on_joined)
        for event in ("participant_disconnected", "disconnected", "participant_attributes_changed"):
            room.on(event, self._on_change)
        room.on("local_track_subscribed", self._on_heard)
        room.on("sip_dtmf_received", self._on_key)

    async def until_over(self) -> bool:
        """Is an apology to follow?"""
        sound = await asyncio.to_thread(last_words.music)
        self._music = await Voice.publish(self.room, sound.rate)
        self._is_playing = True
        self._let_hear()
        playing = asyncio.create_task(self._play(sound))
        apart = asyncio.create_task(self._keep_apart())
        try:
            await first(self._watch(), self._carry_on(playing), failure_of(playing))
        finally:
            playing.cancel()
            self._music.hush()
            # Whatever ended it: nobody stays apart.
            await self._connect()
            apart.cancel()
            await self._music.close()
        return self.row.kind == StandIn.Kind.APOLOGY

    async def _play(self, music: last_words.Sound) -> None:
        row = self.row
        said = await asyncio.to_thread(opening, row)
        await wait_for(self._heard_of(self._music), HEARD_SECONDS)
        if row.spoke_at is None:  # else another process has begun it
            await note(row, spoke_at=timezone.now())
        await asyncio.sleep(PAUSE_SECONDS)
        while True:
            await self._music.say(said)
            await self._music.say(music)
            said = await asyncio.to_thread(between, self.row)

    async def _watch(self) -> None:
        """Until the row says that it is over, or that nobody could be reached."""
        while self.row.over_at is None and self.row.kind == StandIn.Kind.HOLD:
            await asyncio.sleep(LOOK_SECONDS)
            self.row = await refreshed(self.row) or self.row
            if timezone.now() - self.row.asked_at > LONGEST_HOLD:
                await self._give_up()

    async def _give_up(self) -> None:
        """Nobody is looked for any more. Who was given over goes back to an assistant: it waits, or
        the watchdog sends one.
        """
        row, here = self.row, people(self.room)
        goes_back = row.is_transfer or any(someone.kind == "agent" for someone in here)
        end = StandIn.release if goes_back else StandIn.apologise
        await read(lambda: end(row.room_sid))
        self.row = await refreshed(self.row) or self.row

    async def _carry_on(self, playing: "asyncio.Task[None]") -> None:
        """Until a colleague may talk, or nobody waits any more. Who hung up before that is followed
        by the next, or the search is over: the row tells.
        """
        while self.room.isconnected() and callers(people(self.room)):
            self._news.clear()
            if self._pressed_by:
                playing.cancel()
                await self._promise(self._pressed_by)
                return
            colleague = who_answered(people(self.room))
            if colleague is None:
                await self._news.wait()
            elif await self._introduce(colleague):
                return

    # A key

    def _on_key(self, key: rtc.SipDTMF) -> None:
        if key.participant is None:
            return
        who = person(key.participant)
        if is_by_telephone(who):  # any key
            self._has_heard.add(who.identity)
        if who.is_caller and key.digit == WAITS_NOT and self.row.offers_call_back:
            self._pressed_by = who.identity
            self._news.set()

    async def _promise(self, identity: str) -> None:
        await note(self.row, asked_back_at=timezone.now())
        self._music.hush()
        text = last_words.words_of_call_back(self.row.language)
        said = await asyncio.to_thread(last_words.kept, text, self.row.language)
        await self._say_to(identity, said, HEARD_SECONDS, anyway=True)
        await asyncio.to_thread(let_go, self.row.room_name, [identity])

    # A colleague

    async def _introduce(self, colleague: Person) -> bool:
        """He hears of the caller. False: he left before its end."""
        if needs_summary(self.row, colleague):
            await self._tell(colleague)
        return colleague.identity in self.room.remote_participants

    async def _tell(self, colleague: Person) -> None:
        # A key from before is not about this: his own exchange may have asked for it.
        self._has_heard.discard(colleague.identity)
        said = await asyncio.to_thread(last_words.once, self.row.summary, self.row.language)
        await self._say_to(colleague.identity, said, BEGINS_SECONDS, anyway=False)

    async def _say_to(
        self, identity: str, said: last_words.Sound, seconds: float, *, anyway: bool
    ) -> None:
        """To nobody else, and on a track of its own: one that was hushed takes a while. Who does
        not hear the track within `seconds` is told nevertheless (`anyway`), or does without.
        """
        voice = await Voice.publish(self.room, said.rate)
        heard = self._heard_of(voice)
        try:
            self._aside = {voice.sid: [identity]}
            self._let_hear()
            await wait_for(heard, seconds)
            if heard.is_set() or anyway:
                await asyncio.sleep(PAUSE_SECONDS)
                await first(voice.say(said), self._until_enough(identity))
        finally:
            self._aside = {}
            await voice.close()

    async def _until_enough(self, identity: str) -> None:
        """He has left, or wants to talk now."""
        while identity in self.room.remote_participants and identity not in self._has_heard:
            await asyncio.sleep(LOOK_SECONDS)

    async def _keep_apart(self) -> None:
        """The gateway lets whoever enters hear everybody: what it asked for is taken back."""
        while self.row.summary:
            if any(is_by_telephone(each) for each in people(self.room)) and not self._is_connecting:
                await self._subscribe(together=False)
            await asyncio.sleep(LOOK_SECONDS)

    async def _connect(self) -> None:
        """Who was kept apart is no longer, also where LiveKit is slow to do it."""
        self._is_connecting = True
        for _time in range(CONNECT_TIMES):
            if not self.room.isconnected() or await self._subscribe(together=True):
                return
            await asyncio.sleep(CONNECT_SECONDS)
        log.warning("a colleague in room %s may not hear his caller", self.row.room_sid)

    async def _subscribe(self, *, together: bool) -> bool:
        """Have the caller and colleagues by telephone hear each other, or not. Was it all done?"""
        async with self._subscribing:
            return await self._ask_to_subscribe(together=together)

    async def _ask_to_subscribe(self, *, together: bool) -> bool:
        here = people(self.room)
        ours = [each.identity for each in here if is_by_telephone(each)]
        theirs = [each.identity for each in callers(here)]
        pairs = [(one, self._tracks(theirs)) for one in ours]
        pairs += [(one, self._tracks(ours)) for one in theirs]
        return await asyncio.to_thread(subscribe, self.row.room_name, pairs, together)

    def _tracks(self, identities: Iterable[str]) -> list[str]:
        found = (self.room.remote_participants.get(identity) for identity in identities)
        return [sid for each in found if each for sid in each.track_publications]

    # Who hears what

    def _let_hear(self) -> None:
        listening = [each.identity for each in callers(people(self.room))]
        let_hear(self.room, {self._music.sid: listening} | self._aside)

    def _heard_of(self, voice: Voice) -> asyncio.Event:
        return self._heard.setdefault(voice.sid, asyncio.Event())

    def _on_heard(self, publication: rtc.LocalTrackPublication) -> None:
        self._heard.setdefault(publication.sid, asyncio.Event()).set()

    def _on_joined(self, who: rtc.RemoteParticipant) -> None:
        """A second caller of a shared room waits, too."""
        if self._is_playing and person(who).is_caller:
            self._let_hear()
        self._on_change()

    def _on_change(self, *_what: object) -> None:
        self._news.set()


async def failure_of(task: "asyncio.Task[None]") -> None:
    """Raise it. Where there is none, it is waited for without an end."""
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()
    await asyncio.Event().wait()


def opening(row: StandIn) -> last_words.Sound:
    """What is said before the music."""
    if row.place:
        said = last_words.words_of_queue(row.language, mid_call=row.mid_call)
        return last_words.joined(last_words.kept(said, row.language), place(row))
    said = last_words.words_of_hold(
        row.language,
        is_transfer=row.is_transfer,
        mid_call=row.mid_call,
        offers_call_back=row.offers_call_back,
    )
    return last_words.kept(said, row.language)


def between(row: StandIn) -> last_words.Sound:
    """What is said now and then: in the queue, his place of that moment."""
    if row.place:
        thanks = last_words.words_of_thanks(row.language)
        return last_words.joined(last_words.kept(thanks, row.language), place(row))
    said = last_words.words_of_waiting(row.language, offers_call_back=row.offers_call_back)
    return last_words.kept(said, row.language)


def place(row: StandIn) -> last_words.Sound:
    said = last_words.words_of_place(
        row.language, row.place or 1, offers_call_back=row.offers_call_back
    )
    return last_words.kept(said, row.language)


def callers(here: Iterable[Person]) -> list[Person]:
    return [each for each in here if each.is_caller]


def is_by_telephone(someone: Person) -> bool:
    return someone.role == "colleague" and someone.kind == "sip"


def who_answered(here: Iterable[Person]) -> Person | None:
    return next((each for each in here if each.has_taken), None)


def needs_summary(row: StandIn, colleague: Person) -> bool:
    """In a browser it stands on the page of the call."""
    return bool(row.summary) and is_by_telephone(colleague)


def subscribe(room: str, pairs: Sequence[tuple[str, Sequence[str]]], wanted: bool) -> bool:
    """Each of these identities hears those tracks, or does not. False: LiveKit refused some of it,
    as it does for who is gone.
    """
    asked = [(identity, tracks) for identity, tracks in pairs if tracks]
    if not asked:
        return True
    with LiveKit.from_settings(LIVEKIT_SECONDS) as livekit:
        done = [
            attempt(partial(livekit.update_subscriptions, room, identity, tracks, wanted))
            for identity, tracks in asked
        ]
    return not any(isinstance(each, LiveKitError) for each in done)
