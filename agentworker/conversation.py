"""A conversation as it goes: greeting, turns, keys, and its end."""

import asyncio
import logging
import time
from collections.abc import Callable

from livekit import rtc
from livekit.agents import Agent, StopResponse, llm, vad
from livekit.agents.voice import CloseEvent, UserStateChangedEvent

from agentworker import usage
from agentworker.background import Background
from agentworker.consent import Consent
from agentworker.delays import Question
from agentworker.doorman import Doorman
from agentworker.following import in_language, language_of, voice_of
from agentworker.guests import Guests, Host
from agentworker.hints import Hints
from agentworker.leading import Leading
from agentworker.means import Means
from agentworker.notes import Notes
from agentworker.people import Person
from agentworker.phone_line import PhoneLine, Talk
from agentworker.presence import person
from agentworker.providers import Providers
from agentworker.providers.errors import ProviderError
from agentworker.providers.faltering import Faltering, tell_broken
from agentworker.providers.faltering_facts import FACT
from agentworker.quiet import Quiet
from agentworker.script import (
    Script,
    answer_key,
    ask_whether_there,
    come_back,
    goodbye,
    greet,
    hint,
    may_hint,
    thank_for_consent,
)
from agentworker.silence import Silence
from agentworker.spool import Leg, Spool
from agentworker.taping.in_job import CallRecorder
from agentworker.tools import tools_for
from agentworker.turn_taking import ears_for, session_of

log = logging.getLogger(__name__)


def leg(someone: Person | None) -> Leg:
    return Leg(someone.sip_call_id, someone.sid) if someone else Leg()


class Conversation(Agent):
    """Started by `start`; `finish(reason)` is called when it should end.

    `consent`: where the call is recorded only if its caller agrees. `recorder`: the greeting waits
    for it.
    """

    def __init__(
        self,
        script: Script,
        providers: Providers,
        spool: Spool,
        doorman: Doorman,
        finish: Callable[[str], None],
        consent: Consent | None = None,
        recorder: CallRecorder | None = None,
        means: Means | None = None,
    ) -> None:
        self.script, self.providers, self.spool, self.finish = script, providers, spool, finish
        self.doorman, self.consent, self.recorder = doorman, consent, recorder
        self.means = means or Means()
        self.line = PhoneLine(self._talk(), spool)
        super().__init__(
            instructions=self.means.instructions,
            tools=[*tools_for(script, self.line, self.means.accesses)],
        )
        self.hints = Hints(spool, lambda: leg(self.caller))
        self.notes = Notes(spool, lambda: leg(self.caller))
        self.hears_words = providers.recogniser is not None
        self.faltering = Faltering(
            providers, lambda **facts: spool.event(FACT, leg(self.caller), **facts)
        )
        self.leading = Leading(
            lambda: self.script, self.line, self._say, self._said, self.hears_words
        )
        self.guests: Guests | None = None
        # When the caller began his turn (None between turns), and when he fell silent last. Of what
        # he began no words came: he coughed, and begins when he speaks next.
        self._began: float | None = None
        self._stopped = 0.0
        self._is_unheard = False
        self._last_hint: float | None = None
        self._cut_off = False
        self._answered = asyncio.Event()
        self._keep = Background().keep

    def _talk(self) -> Talk:
        return Talk(
            language=lambda: self.script.language,
            caller=lambda: self.caller,
            say_first=self._say_first,
            end=lambda: self._say_goodbye("goodbye"),
            is_trial=self.means.is_trial,
        )

    @property
    def caller(self) -> Person | None:
        return self.guests.caller if self.guests else None

    async def start(self, room: rtc.Room, caller: Person, hearing: vad.VAD) -> None:
        """Publish our voice and say the greeting; it waits until somebody can hear it.

        To whom we called ourselves it is said when he has picked up, and nothing before that.
        """
        self.prepare(room, caller, hearing)
        options = ears_for(caller.identity)
        await self.live.start(self, room=room, room_options=options, record=False)
        for follower in (self.quiet, self.hints, self.line):
            follower.follow(room)
        if self.recorder:
            await self.recorder.until_hears(room.local_participant.identity)
        if self._answered.is_set():
            self._greet()
        else:
            self._keep(self._greet_who_answers())

    def prepare(self, room: rtc.Room, caller: Person, hearing: vad.VAD | None) -> None:
        """Everything but the session's start."""
        self.room = room
        self.guests = Guests(room, caller, self.doorman, self._host(), self._answered)
        self.live = session_of(self.providers, hearing)
        self.quiet = Quiet(
            self.live, spool=self.spool, people=self.guests.here, come_back=self._return
        )
        self.silence = Silence(
            self.live, self._ask_whether_there, self._leave_silent, self._is_his_turn
        )
        self._listen()

    def _host(self) -> Host:
        return Host(
            greet=self._greet_newcomer,
            turn_to=lambda identity: self.live.room_io.set_participant(identity),
            others_came=self.consent.others_came if self.consent else None,
            finish=lambda reason: self.finish(reason),
        )

    def _greet(self) -> None:
        self._say(greet(self.script, self.hears_words, self._question()))

    def _question(self) -> str:
        """May this call be recorded? Of several callers, none can say yes for the others."""
        if self.consent is None or not self._is_alone() or self.quiet.is_kept:
            return ""
        return self.consent.question()

    async def _greet_who_answers(self) -> None:
        """A job that waited here itself would be held up when nobody picks up."""
        await self._answered.wait()
        self.spool.event("audio_heard_by_caller", leg(self.caller))
        self._greet()

    def _greet_newcomer(self, newcomer: Person) -> None:
        self.spool.event("audio_heard_by_caller", leg(newcomer))
        if self.quiet.is_kept:
            return
        self._say(greet(self.script, self.hears_words))
        self.spool.event("speech_started", leg(newcomer))

    def _listen(self) -> None:
        self.room.on("local_track_subscribed", self._on_heard)
        self.room.on("sip_dtmf_received", self._on_key)
        if self.guests:
            self.guests.follow()
        self.live.on("user_state_changed", self._on_caller_state)
        self.live.on("close", self._on_close)
        self.live.on("user_transcription_timeout", self._on_unheard)
        self.notes.follow(self.live)
        self.faltering.follow(self.live)
        usage.follow(self.live, self.providers, self.spool)
        self.silence.follow()

    # What the caller does

    async def on_user_turn_completed(
        self, turn_ctx: llm.ChatContext, new_message: llm.ChatMessage
    ) -> None:
        """The caller has finished; words are the mind's to answer, mere speech is ours."""
        text = new_message.text_content or ""
        asked = self._note_turn(text)
        if not self.notes.has_spoken:  # his "hello?" is answered by the greeting
            raise StopResponse
        if self.quiet.is_kept:  # it was said to one of us
            raise StopResponse
        told = self.hints.take()
        if text:
            self.notes.asked = asked
            self._follow_language(text)
            if self.leading.dictates:
                self._keep(self.leading.take_message(text))
                raise StopResponse
            if told:
                turn_ctx.add_message(role="system", content=told)
            return
        if told:
            self.notes.asked = asked
            self._say(told)
        elif may_hint(time.monotonic(), self._last_hint, self._cut_off):
            self.notes.asked, self._last_hint = asked, time.monotonic()
            self._say(hint(self.script))
        raise StopResponse

    def _note_turn(self, text: str) -> Question:
        """A recogniser may hear words that were too soft for us to notice: they are of now."""
        began, self._began = self._began, None
        if began is None:
            began = self._stopped = time.time()
        return self.notes.caller_said(began, self._stopped, text)

    def _follow_language(self, text: str) -> None:
        """From now on we speak as he does, where staff want it so."""
        spoken = language_of(text) if self.script.follows_caller else ""
        if not spoken or spoken == self.script.language:
            return
        self.script = in_language(self.script, spoken)
        try:
            self.update_options(tts=voice_of(self.script, self.means.accesses))
        except ProviderError as error:
            log.warning("the voice does not follow the caller: %s", error.kind)

    def _on_key(self, key: rtc.SipDTMF) -> None:
        who = person(key.participant) if key.participant else self.caller
        asked = self.notes.caller_pressed(key.digit, leg(who))
        self.silence.broken()
        if self.line.takes(key.digit):
            return
        if self.consent and self.consent.is_yes(key.digit):
            self._keep(self._record(self.consent, leg(who)))
            return
        if self.quiet.is_kept:
            return
        self.notes.asked = asked
        self.live.interrupt()
        reply = answer_key(self.script, key.digit, self._question())
        if reply.hang_up:
            self._say_goodbye("goodbye")
        elif reply.do:
            self._keep(self.leading.follow(reply))
        else:
            self._say(f"{self.hints.take()} {reply.text}".strip())

    async def _record(self, consent: Consent, who: Leg) -> None:
        await consent.agree(who)
        if not self.quiet.is_kept:
            self.live.interrupt()
        self._say(thank_for_consent(self.script, self.hears_words))

    def _on_caller_state(self, event: UserStateChangedEvent) -> None:
        """The library tells of the moment itself, not of when it noticed."""
        if event.new_state == "speaking":
            if self._began is None or self._is_unheard:
                self._began, self._is_unheard = event.created_at, False
            self._cut_off = self.live.agent_state == "speaking"
        elif event.old_state == "speaking":
            self._stopped = event.created_at

    def _is_his_turn(self) -> bool:
        """Is it he alone who could say something now?"""
        return self._answered.is_set() and not self.quiet.is_kept and self._is_alone()

    def _ask_whether_there(self) -> None:
        self._say(ask_whether_there(self.script, self.hears_words))

    def _leave_silent(self) -> None:
        self._say_goodbye("silence")

    def _say_goodbye(self, reason: str) -> None:
        """End the call; where several people talk in one room, nobody ends it for the others."""
        if not self.quiet.is_kept and self._is_alone():
            self._keep(self._part(reason))

    async def _part(self, reason: str) -> None:
        # A mind that ends the call has said goodbye itself, or not.
        if reason != "goodbye" or self.notes.asked is not None:
            await self.live.say(goodbye(self.script), allow_interruptions=False)
        if not self.quiet.is_kept:
            self.finish(reason)

    # What we do

    def _say(self, text: str) -> None:
        if text and not self.quiet.is_kept:
            self.live.say(text)

    async def _said(self, text: str) -> None:
        """The same, until it was heard, or was cut short."""
        if text and not self.quiet.is_kept:
            await self.live.say(text)

    async def _say_first(self, text: str) -> None:
        if self.notes.asked is not None:
            await self._said(text)

    def _is_alone(self) -> bool:
        return self.guests is not None and self.guests.is_alone

    def _return(self, was_reached: bool) -> None:
        self.notes.asked = None  # one of us has answered it
        if self._answered.is_set():
            self._say(come_back(self.script, self.hears_words, was_reached=was_reached))

    def _on_heard(self, _publication: rtc.LocalTrackPublication) -> None:
        if self._answered.is_set():  # else it may be a listener in a room that still rings
            self.spool.event("audio_heard_by_caller", leg(self.caller))

    def _on_unheard(self, _event: object) -> None:
        """The caller spoke, and no words came of it."""
        self._is_unheard = True
        if self.notes.has_spoken and may_hint(time.monotonic(), self._last_hint, self._cut_off):
            self._last_hint = time.monotonic()
            self._say(hint(self.script))

    def _on_close(self, event: CloseEvent) -> None:
        if event.error is not None:
            tell_broken(self.spool, leg(self.caller), event.error)
            self.finish("error")
