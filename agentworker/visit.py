"""A stay of the last resort in one room: music, an apology, or the one after the other."""

import asyncio
from contextlib import suppress

from django.conf import settings
from django.utils import timezone
from livekit import rtc

from agentworker import last_words
from agentworker.hold import WAITS_NOT, Hold
from agentworker.leaving import is_spoken_to, let_go, to_let_go
from agentworker.presence import people, person
from agentworker.rows import note
from agentworker.standin import StandIn
from agentworker.voice import HEARD_SECONDS, PAUSE_SECONDS, Voice, first, wait_for
from veyra.livekit.tokens import standby_token

# An assistant who lives no more is taken out of the room by then; LiveKit answers by then.
CLEARED_SECONDS, LOOK_SECONDS = 2.0, 0.2
# Who was offered to be called back presses a key by then, or hangs up.
KEY_SECONDS = 5.0


class Visit:
    """`taken_over`: another process of ours is in the room in our place."""

    def __init__(self, row: StandIn) -> None:
        self.row, self.room = row, rtc.Room()
        self.taken_over = False
        self._heard, self._enough = asyncio.Event(), asyncio.Event()
        self._wants_call = asyncio.Event()
        self.room.on("local_track_subscribed", lambda _track: self._heard.set())
        self.room.on("participant_disconnected", self._on_left)
        self.room.on("disconnected", self._on_lost)
        self.room.on("sip_dtmf_received", self._on_key)

    async def make(self) -> None:
        """Enter, do what is asked for until it is over, and leave."""
        token = standby_token(identity=f"standby-{self.row.pk}", room=self.row.room_name)
        options = rtc.RoomOptions(auto_subscribe=False)
        await self.room.connect(settings.LIVEKIT_URL, token, options)
        try:
            if not await self._is_right_room():
                return
            if self.row.kind == StandIn.Kind.HOLD and not await self._hold():
                return
            if await self._is_needed():
                await self._apologise()
        finally:
            await self.room.disconnect()

    async def _is_right_room(self) -> bool:
        """Is it the room we were asked into, and not a newer one of its name?"""
        async with asyncio.timeout(CLEARED_SECONDS):
            return bool(await self.room.sid == self.row.room_sid)

    async def _hold(self) -> bool:
        """Is an apology to follow?"""
        hold = Hold(self.room, self.row)
        try:
            return await hold.until_over() and self.room.isconnected()
        finally:
            self.row = hold.row
            self._heard.clear()

    async def _is_needed(self) -> bool:
        """Is nobody there who talks to the caller?"""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLEARED_SECONDS):
                while is_spoken_to(people(self.room)):
                    await asyncio.sleep(LOOK_SECONDS)
        here = people(self.room)
        return not is_spoken_to(here) and any(someone.is_caller for someone in here)

    async def _apologise(self) -> None:
        """Speak until nobody hears it any more, and end the calls of those who heard it."""
        there = {someone.sid for someone in people(self.room)}
        try:
            await self._tell()
        finally:
            if self.room.isconnected():  # so the room of this name is the one we know
                gone = to_let_go(people(self.room), there)
                await asyncio.to_thread(let_go, self.row.room_name, gone)

    async def _tell(self) -> None:
        row = self.row
        said = await asyncio.to_thread(
            last_words.sound,
            row.language,
            mid_call=row.mid_call,
            will_call_back=row.will_call_back,
            offers_call_back=row.offers_call_back,
            text=row.text,
        )
        self.room.local_participant.set_track_subscription_permissions(allow_all_participants=True)
        voice = await Voice.publish(self.room, said.rate)
        try:
            await wait_for(self._heard, HEARD_SECONDS)
            if self._heard.is_set():
                if row.spoke_at is None:  # else another process has said a part of it
                    await note(row, spoke_at=timezone.now())
                await first(self._say(voice, said), self._enough.wait())
        finally:
            await voice.close()

    async def _say(self, voice: Voice, said: last_words.Sound) -> None:
        await asyncio.sleep(PAUSE_SECONDS)
        if self.row.offers_call_back:
            await first(self._offer(voice, said), self._wants_call.wait())
            voice.hush()
            await voice.say(await self._answer())
        else:
            await voice.say(said)
        await asyncio.sleep(PAUSE_SECONDS)

    async def _offer(self, voice: Voice, said: last_words.Sound) -> None:
        await voice.say(said)
        await asyncio.sleep(KEY_SECONDS)

    async def _answer(self) -> last_words.Sound:
        """To who has pressed 1, or has not."""
        language = self.row.language
        words = last_words.words_of_goodbye(language)
        if self._wants_call.is_set():
            await note(self.row, asked_back_at=timezone.now())
            words = last_words.words_of_call_back(language)
        return await asyncio.to_thread(last_words.kept, words, language)

    def _on_key(self, key: rtc.SipDTMF) -> None:
        if key.digit == WAITS_NOT and key.participant and person(key.participant).is_caller:
            self._wants_call.set()

    def _on_left(self, _who: rtc.RemoteParticipant) -> None:
        if not any(someone.is_caller for someone in people(self.room)):
            self._enough.set()

    def _on_lost(self, reason: int) -> None:
        self.taken_over = reason == rtc.DisconnectReason.DUPLICATE_IDENTITY
        self._enough.set()
