"""A conversation as it goes: greeting, turns, keys, people who come and go, and its end."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace

from livekit import rtc
from livekit.agents import NOT_GIVEN, Agent, AgentSession, StopResponse, llm, room_io, vad
from livekit.agents.voice import (
    AgentStateChangedEvent,
    CloseEvent,
    ConversationItemAddedEvent,
    UserStateChangedEvent,
)

from agentworker import ears
from agentworker.consent import Consent
from agentworker.delays import Question, of_answer
from agentworker.doing import follow
from agentworker.doorman import Doorman
from agentworker.hints import Hints
from agentworker.people import Person, after_leaving
from agentworker.presence import people, person
from agentworker.providers import Providers
from agentworker.quiet import Quiet
from agentworker.script import (
    Script,
    answer_key,
    come_back,
    goodbye,
    greet,
    hint,
    may_hint,
    thank_for_consent,
)
from agentworker.spool import Leg, Spool
from agentworker.taping.in_job import CallRecorder

# Both sides silent for so long: a forgotten handset.
SILENCE_SECONDS = 60
# Who joins a shared room hears us a moment after his call was put through.
JOIN_SECONDS = 0.5
TELEPHONE_RATE = 16000


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
    ) -> None:
        super().__init__(instructions="")
        self.script, self.providers, self.spool, self.finish = script, providers, spool, finish
        self.doorman, self.consent, self.recorder = doorman, consent, recorder
        self.hints = Hints(spool, lambda: leg(self.caller))
        self.hears_words = providers.recogniser is not None
        self.caller: Person | None = None
        # When the caller began his turn (None between turns), and when he fell silent last.
        self._began: float | None = None
        self._stopped = 0.0
        # What the caller said or pressed last, from when an answer follows until it begins.
        self._asked: Question | None = None
        self._last_hint: float | None = None
        self._cut_off = False
        self._has_spoken = False
        self._answered = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, room: rtc.Room, caller: Person, hearing: vad.VAD) -> None:
        """Publish our voice and say the greeting; it waits until somebody can hear it.

        To whom we called ourselves it is said when he has picked up, and nothing before that.
        """
        self.room, self.caller = room, caller
        self.live: AgentSession[None] = AgentSession(
            vad=hearing,
            llm=self.providers.mind,
            tts=self.providers.voice,
            stt=self.providers.recogniser or NOT_GIVEN,
            turn_handling={"turn_detection": "vad"},
            # Otherwise the first three seconds of what the caller says are not heard.
            aec_warmup_duration=None,
            user_away_timeout=SILENCE_SECONDS,
        )
        self.quiet = Quiet(self.live, spool=self.spool, people=self._here, come_back=self._return)
        self._listen()
        options = room_io.RoomOptions(
            participant_identity=caller.identity,
            audio_input=room_io.AudioInputOptions(sample_rate=TELEPHONE_RATE),
            text_input=False,
            close_on_disconnect=False,
        )
        await self.live.start(self, room=room, room_options=options, record=False)
        self.quiet.follow(room)
        self.hints.follow(room)
        if caller.has_answered:
            self._answered.set()
        if self.recorder:
            await self.recorder.until_hears(room.local_participant.identity)
        if caller.has_answered:
            self._greet()
        else:
            self._keep(self._greet_who_answers())

    def _greet(self) -> None:
        self._answered.set()
        self._say(greet(self.script, self.hears_words, self._question()))

    def _question(self) -> str:
        """May this call be recorded? Of several callers, none can say yes for the others."""
        is_alone = sum(someone.is_party for someone in people(self.room)) == 1
        if self.consent is None or not is_alone or self.quiet.is_kept:
            return ""
        return self.consent.question()

    async def _greet_who_answers(self) -> None:
        """A job that waited here itself would be held up when nobody picks up."""
        await self._answered.wait()
        self.spool.event("audio_heard_by_caller", leg(self.caller))
        self._greet()

    def _listen(self) -> None:
        self.room.on("local_track_subscribed", self._on_heard)
        self.room.on("sip_dtmf_received", self._on_key)
        self.room.on("participant_connected", self._on_joined)
        self.room.on("participant_disconnected", self._on_left)
        self.room.on("participant_attributes_changed", self._on_attributes)
        self.live.on("user_state_changed", self._on_caller_state)
        self.live.on("agent_state_changed", self._on_agent_state)
        self.live.on("conversation_item_added", self._on_item)
        self.live.on("close", self._on_close)
        follow(self.live, self.spool)

    # What the caller does

    async def on_user_turn_completed(
        self, turn_ctx: llm.ChatContext, new_message: llm.ChatMessage
    ) -> None:
        """The caller has finished; words are the mind's to answer, mere speech is ours."""
        text, began = new_message.text_content or "", self._began or self._stopped
        self.spool.turn("caller", began, text=text, seconds=round(self._stopped - began, 2))
        asked, self._began = Question(self._stopped, time.time()), None
        if not self._has_spoken:  # his "hello?" is answered by the greeting
            raise StopResponse
        if self.quiet.is_kept:  # it was said to one of us
            raise StopResponse
        told = self.hints.take()
        if text:
            self._asked = asked
            if told:
                turn_ctx.add_message(role="system", content=told)
            return
        if told:
            self._asked = asked
            self._say(told)
        elif may_hint(time.monotonic(), self._last_hint, self._cut_off):
            self._asked, self._last_hint = asked, time.monotonic()
            self._say(hint(self.script))
        raise StopResponse

    def _on_key(self, key: rtc.SipDTMF) -> None:
        who = person(key.participant) if key.participant else self.caller
        now = time.time()
        self.spool.turn("caller", now, digit=key.digit)
        self.spool.event("dtmf", leg(who), now, digit=key.digit)
        if self.consent and self.consent.is_yes(key.digit):
            self._keep(self._record(self.consent, leg(who)))
            return
        if self.quiet.is_kept:
            return
        self._asked = Question(now)
        self.live.interrupt()
        reply = answer_key(self.script, key.digit, self._question())
        if reply.hang_up:
            self._say_goodbye("goodbye")
        else:
            self._say(f"{self.hints.take()} {reply.text}".strip())

    async def _record(self, consent: Consent, who: Leg) -> None:
        await consent.agree(who)
        if not self.quiet.is_kept:
            self.live.interrupt()
        self._say(thank_for_consent(self.script, self.hears_words))

    def _on_caller_state(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._began = self._began or ears.began(event.created_at)
            self._cut_off = self.live.agent_state == "speaking"
        elif event.new_state == "listening":
            self._stopped = ears.stopped(event.created_at)
        elif event.new_state == "away" and self._answered.is_set():
            self._say_goodbye("silence")

    def _say_goodbye(self, reason: str) -> None:
        """End the call; where several people talk in one room, nobody ends it for the others."""
        if self.quiet.is_kept:
            return
        if sum(someone.is_party for someone in people(self.room)) == 1:
            self._keep(self._part(reason))

    async def _part(self, reason: str) -> None:
        await self.live.say(goodbye(self.script), allow_interruptions=False)
        if not self.quiet.is_kept:
            self.finish(reason)

    # What we do

    def _say(self, text: str) -> None:
        if not self.quiet.is_kept:
            self.live.say(text)

    def _return(self, was_reached: bool) -> None:
        self._asked = None  # one of us has answered it
        if self._answered.is_set():
            self._say(come_back(self.script, self.hears_words, was_reached=was_reached))

    def _on_heard(self, _publication: rtc.LocalTrackPublication) -> None:
        if self._answered.is_set():  # else it may be a listener in a room that still rings
            self.spool.event("audio_heard_by_caller", leg(self.caller))

    def _on_agent_state(self, event: AgentStateChangedEvent) -> None:
        if event.new_state == "speaking" and not self._has_spoken:
            self._has_spoken = True
            self.spool.event("speech_started", leg(self.caller), event.created_at)

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if not isinstance(item, llm.ChatMessage) or item.role != "assistant":
            return
        started = item.metrics.get("started_speaking_at", item.created_at)
        stopped = item.metrics.get("stopped_speaking_at", started)
        asked, self._asked = self._asked, None
        self.spool.turn(
            "agent",
            started,
            text=item.text_content or "",
            seconds=round(stopped - started, 2),
            interrupted=item.interrupted,
            **of_answer(asked, started, item.metrics),
        )

    # Who comes and goes

    def _here(self) -> list[Person]:
        return people(self.room)

    def _on_joined(self, participant: rtc.RemoteParticipant) -> None:
        newcomer = person(participant)
        self._hand_over_to(newcomer)
        if newcomer.is_caller:
            if self.consent:
                self._keep(self.consent.others_came())
            self._keep(self._greet_newcomer(newcomer))

    def _hand_over_to(self, someone: Person) -> None:
        if someone.has_taken:
            self.finish("handed over")

    async def _greet_newcomer(self, newcomer: Person) -> None:
        if not await self.doorman.lets_in(newcomer):
            return
        await asyncio.sleep(JOIN_SECONDS)
        if newcomer.identity not in self.room.remote_participants:
            return
        self.spool.event("audio_heard_by_caller", leg(newcomer))
        if self.quiet.is_kept:
            return
        self._say(greet(self.script, self.hears_words))
        self.spool.event("speech_started", leg(newcomer))

    def _on_attributes(self, _new: dict[str, str], participant: rtc.Participant) -> None:
        if isinstance(participant, rtc.RemoteParticipant):
            self._hand_over_to(person(participant))
        if self.caller and participant.identity == self.caller.identity:
            self.caller = replace(self.caller, attributes=dict(participant.attributes))
            if self.caller.has_answered:
                self._answered.set()

    def _on_left(self, participant: rtc.RemoteParticipant) -> None:
        linked = self.caller.identity if self.caller else ""
        decision = after_leaving(person(participant), linked, people(self.room))
        if decision.end:
            self.finish("caller left")
        elif decision.turn_to:
            self.caller = decision.turn_to
            self.live.room_io.set_participant(self.caller.identity)

    def _on_close(self, event: CloseEvent) -> None:
        if event.error is not None:
            self.spool.session(error=f"{type(event.error).__name__}: {event.error.label}")
            self.finish("error")

    def _keep(self, work: Coroutine[None, None, None]) -> None:
        # The loop itself holds tasks only weakly.
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
