"""What happened, in the words of the people who read it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils.formats import number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agentworker.models import Speaker, Turn
from monitoring import provider_words, tool_words
from telephony.models import Call, CallEvent
from telephony.numbers import pretty
from telephony.reasons import BY_PEOPLE, Reason
from telephony.testcalls import caller
from veyra.sentences import Sentence


def said(turn: Turn) -> str:
    """A line of the conversation; honest where nobody understood the words."""
    if turn.digit:
        return _("pressed %(key)s") % {"key": turn.digit}
    if turn.text:
        return turn.text
    seconds = max(1, round(turn.seconds or 0))
    if turn.speaker == Speaker.CALLER:
        return _("(speech, %(seconds)s s: no recogniser)") % {"seconds": seconds}
    return _("(silence)")


def lasted(call: Call) -> str:
    """How long the parties were connected, "2 min 05 s"; empty where they never were."""
    if not (call.answered_at and call.ended_at):
        return ""
    return spell(call.ended_at - call.answered_at)


def spell(length: timedelta) -> str:
    minutes, seconds = divmod(max(0, round(length.total_seconds())), 60)
    if minutes >= 60:
        hours, minutes = divmod(minutes, 60)
        return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes}
    if not minutes:
        return _("%(seconds)s s") % {"seconds": seconds}
    return _("%(minutes)s min %(seconds)s s") % {"minutes": minutes, "seconds": f"{seconds:02}"}


def seconds(milliseconds: int | None) -> str:
    """1240 -> "1.2", as the reader's language writes it."""
    if milliseconds is None:
        return "—"
    return number_format(milliseconds / 1000, 2 if 0 < milliseconds < 95 else 1)


def speaker(call: Call, turn: Turn) -> str:
    """Who said it. The other side of a call out did not call."""
    if call.is_outbound and turn.speaker == Speaker.CALLER:
        return _("Person called")
    return turn.get_speaker_display()


def summary(call: Call) -> str:
    """The call in one sentence."""
    names = {
        "caller": caller(call) or _("A withheld number"),
        "number": pretty(call.to_number) or _("this line"),
        "assistant": call.agent.name if call.agent else _("the assistant"),
        "time": lasted(call),
    }
    if call.is_outbound:
        names |= {"person": pretty(call.to_number), "number": pretty(call.from_number)}
        return capfirst(_sentence_out(call) % names)
    return capfirst(_sentence(call) % names)


def _sentence_out(call: Call) -> str:
    """Of a call that we placed."""
    if call.state == Call.State.RINGING and not call.rang:
        return _("We are calling %(person)s from %(number)s; it does not ring yet.")
    if call.state == Call.State.RINGING:
        return _("We are calling %(person)s from %(number)s; it rings.")
    if call.state == Call.State.ANSWERED:
        if call.agent is None:
            return _("A colleague is talking to %(person)s, called from %(number)s.")
        return _("%(assistant)s is talking to %(person)s, called from %(number)s.")
    if call.agent is None and call.outcome == Call.Outcome.ANSWERED and call.answered_at:
        return _("A colleague called %(person)s and talked for %(time)s.")
    endings = {
        Call.Outcome.ANSWERED: _("%(assistant)s called %(person)s and talked for %(time)s.")
        if call.answered_at
        else _("%(assistant)s called %(person)s and talked."),
        Call.Outcome.ABANDONED: _("We called %(person)s, and nobody picked up."),
        Call.Outcome.REJECTED: _(
            "We called %(person)s; the line was busy, or the call was declined."
        ),
        Call.Outcome.NO_AGENT: _("%(person)s picked up, and the assistant said nothing."),
        Call.Outcome.FAILED: _("The call to %(person)s failed."),
    }
    return endings.get(Call.Outcome(call.outcome), "") if call.outcome else _("The call ended")


def _sentence(call: Call) -> str:
    if call.state == Call.State.RINGING:
        return _("%(caller)s is calling %(number)s; nobody has answered yet.")
    if call.state == Call.State.ANSWERED:
        return _("%(caller)s is talking to %(assistant)s on %(number)s.")
    if call.reason in BY_PEOPLE:
        return _("%(caller)s talked to a colleague on %(number)s for %(time)s.")
    endings = {
        Call.Outcome.ANSWERED: _("%(caller)s talked to %(assistant)s on %(number)s for %(time)s.")
        if call.answered_at
        else _("%(caller)s talked to %(assistant)s on %(number)s."),
        Call.Outcome.ABANDONED: _("%(caller)s called %(number)s and hung up before an answer."),
        Call.Outcome.REJECTED: _("A call from %(caller)s to %(number)s was turned away."),
        Call.Outcome.NO_AGENT: _("%(caller)s called %(number)s and nobody answered."),
        Call.Outcome.CLOSED: _("%(caller)s called %(number)s, which was closed at the time."),
        Call.Outcome.FAILED: _("The call from %(caller)s to %(number)s failed."),
    }
    return (
        endings.get(Call.Outcome(call.outcome), "")
        if call.outcome
        else _("The call from %(caller)s to %(number)s has ended.")
    )


# What an event is called; its payload's values may stand in it, and the assistant's name. The call
# itself tells when it began, was answered and ended; events that are not here stand only in
# "Details".
EVENTS: Mapping[str, Any] = {
    "started": gettext_lazy("%(assistant)s came to the call"),
    "speech_started": gettext_lazy("%(assistant)s began to speak"),
    "dtmf": gettext_lazy("The caller pressed %(digit)s"),
    "failed": gettext_lazy("The assistant could not start: %(error)s"),
    "staff_listen": gettext_lazy("%(who)s began to listen"),
    "staff_listen_end": gettext_lazy("%(who)s stopped listening"),
    "staff_join": gettext_lazy("%(who)s joined the talk"),
    "staff_join_end": gettext_lazy("%(who)s left the talk"),
    "staff_hang_up": gettext_lazy("%(who)s hung up"),
    "staff_record_picture": gettext_lazy("%(who)s had sound and picture of the call recorded"),
    "staff_record_voice": gettext_lazy("%(who)s had one voice of the call recorded by itself"),
    "staff_stream": gettext_lazy("%(who)s began to send the call on to another service"),
    "staff_stream_end": gettext_lazy("%(who)s stopped sending the call on"),
    "staff_room_mute": gettext_lazy("%(who)s took somebody's sound or picture away"),
    "staff_room_unmute": gettext_lazy("%(who)s gave somebody's sound or picture back"),
    "staff_room_remove": gettext_lazy("%(who)s took somebody out of the call"),
    "staff_room_message": gettext_lazy("%(who)s sent a message to those at the call"),
    "staff_room_close": gettext_lazy("%(who)s ended the call for everybody"),
    "speaker_left": gettext_lazy("%(who)s hung up"),
    "staff_hang_up_failed": gettext_lazy("Hanging up did not work: %(result)s"),
    "staff_transfer": gettext_lazy("%(who)s asked to connect the call with %(target)s"),
    "staff_transfer_done": gettext_lazy("The provider took the call over"),
    "staff_transfer_unclear": gettext_lazy(
        "The call left us while the provider was to connect it; it did not say whether it did"
    ),
    "staff_transfer_failed": gettext_lazy("The transfer did not work: %(result)s"),
    "staff_introduce": gettext_lazy("%(who)s asked to give the call to “%(whom)s”"),
    "staff_introduce_failed": gettext_lazy("The call was not given over: %(result)s"),
    "people_ring": gettext_lazy("%(who)s is being rung"),
    "people_no_answer": gettext_lazy("%(who)s did not answer"),
    "people_no_page": gettext_lazy("%(who)s has no page of Veyra open"),
    "people_not_rung": gettext_lazy("%(who)s could not be rung by telephone: %(result)s"),
    "people_taken": gettext_lazy("%(who)s took the call"),
    "people_over": gettext_lazy("No colleague was reached: %(result)s"),
    "people_left": gettext_lazy("%(who)s hung up"),
    "on_hold": gettext_lazy("The caller hears music while somebody is looked for"),
    "queued": gettext_lazy("All assistants are busy, so the caller waits in the queue with music"),
    "hold_over": gettext_lazy("The music is over"),
    "asked_back": gettext_lazy("The caller did not want to wait, and is to be called back"),
    "staff_hint": gettext_lazy("%(who)s gave the assistant a hint"),
    "staff_hint_failed": gettext_lazy("The hint did not get through: %(result)s"),
    "hint_heard": gettext_lazy("%(assistant)s read the hint"),
    "hint_used": gettext_lazy("%(assistant)s used the hint in its answer"),
    "recording_asked": gettext_lazy("%(assistant)s asked whether the call may be recorded"),
    "recording_agreed": gettext_lazy("The caller agreed to be recorded"),
    "recording_refused": gettext_lazy(
        "Somebody came who was not asked, so the call is not recorded any more"
    ),
    "recording_started": gettext_lazy("Recording began"),
    "recording_paused": gettext_lazy("Recording was paused"),
    "recording_resumed": gettext_lazy("Recording went on"),
    "recording_stopped": gettext_lazy("Recording ended"),
    "record_start": gettext_lazy("%(who)s asked to record the call"),
    "record_pause": gettext_lazy("%(who)s asked to pause the recording"),
    "record_resume": gettext_lazy("%(who)s asked to go on recording"),
    "record_stop": gettext_lazy("%(who)s asked to stop recording"),
    "staff_block": gettext_lazy("%(who)s blocked the caller"),
    "staff_unblock": gettext_lazy("%(who)s let the caller call again"),
    "closed_told": gettext_lazy("It was closed at this hour, so the caller was told so"),
    "closed_other": gettext_lazy(
        "It was closed at this hour, so the assistant for that time answered"
    ),
    "closed_people": gettext_lazy("It was closed at this hour, so a person was to be rung"),
    "spent_told": gettext_lazy("The day's money was spent, so the caller heard a message"),
    "spent_people": gettext_lazy("The day's money was spent, so a person was to be rung"),
    "spent_menu": gettext_lazy(
        "The day's money was spent, so the assistant spoke without providers: its menu"
    ),
    "blocked": gettext_lazy("The caller is blocked, so the call was ended before anybody spoke"),
    "assistant_sent_again": gettext_lazy(
        "Nobody was talking to the caller, so %(assistant)s was sent again"
    ),
    "stood_in": gettext_lazy(
        "No assistant could come, so the caller was told that nobody can answer"
    ),
    "agent_silent": gettext_lazy("%(assistant)s fell silent"),
    "agent_back": gettext_lazy("%(assistant)s took over again"),
}
# Of a call that we placed.
EVENTS_OUT: Mapping[str, Any] = {
    "dtmf": gettext_lazy("The person called pressed %(digit)s"),
}
# Why the assistant ended the conversation; where the caller did, the call's own end tells it.
CLOSINGS: Mapping[str, Any] = {
    "handed over": gettext_lazy("%(assistant)s left the call to a colleague"),
    "goodbye": gettext_lazy("%(assistant)s said goodbye"),
    "silence": gettext_lazy(
        "The caller was silent and was asked twice, then %(assistant)s said goodbye"
    ),
    "error": gettext_lazy("The conversation broke off by an error of the assistant"),
}
# Where a recorder did not stop of itself.
BROKE_OFF: Any = gettext_lazy("Recording broke off (%(error)s)")
# How a call ended, in two words; for everything else the page has a sentence of its own.
ENDINGS: Mapping[str, Any] = {
    Reason.HUNG_UP_BY_CALLER: gettext_lazy("The caller hung up"),
    Reason.CALLER_GAVE_UP: gettext_lazy("The caller hung up before anybody spoke"),
    Reason.HUNG_UP_BY_AGENT: gettext_lazy("The assistant ended the call"),
    Reason.OUT_OF_HOURS: gettext_lazy("The caller was told that it is closed"),
    Reason.HUNG_UP_BY_STAFF: gettext_lazy("A colleague ended the call"),
    Reason.HUNG_UP_BY_COLLEAGUE: gettext_lazy("The colleague hung up"),
    Reason.TRANSFERRED: gettext_lazy("The call went on at another number"),
    Reason.HUNG_UP_BY_CALLEE: gettext_lazy("The person called hung up"),
}


class Values(dict[str, Any]):
    """What is not known is left empty."""

    def __missing__(self, name: str) -> str:
        return ""


def told(event: CallEvent, call: Call) -> str:
    """The event as a sentence, or "" where it says nothing to a person."""
    payload = event.payload if isinstance(event.payload, dict) else {}
    sentence = EVENTS.get(event.kind)
    if call.is_outbound:
        sentence = EVENTS_OUT.get(event.kind, sentence)
    if event.kind == "recording_stopped" and payload.get("error"):
        sentence = BROKE_OFF
    if event.kind == "closed":
        sentence = CLOSINGS.get(str(payload.get("reason")))
    assistant = call.agent.name if call.agent else _("the assistant")
    if event.kind == "tool":
        return capfirst(tool_words.told(payload, assistant))
    if sentence is None:
        return provider_words.told(event.kind, payload)
    values = Values(payload, assistant=assistant)
    if event.kind.startswith("staff_") and not payload.get("who"):
        values["who"] = assistant
    if "result" in payload:
        values["result"] = Sentence.from_json(payload["result"])
    if "target" in payload:
        values["target"] = pretty(payload["target"])
    return capfirst(str(sentence) % values)


def beginning(call: Call) -> str:
    """Who called whom."""
    names = {
        "caller": caller(call) or _("A withheld number"),
        "from": pretty(call.from_number),
        "to": pretty(call.to_number) or _("this line"),
    }
    if call.is_outbound:
        return _("We called %(to)s from %(from)s") % names
    if call.direction == Call.Direction.BROWSER:
        return _("Somebody called %(to)s from a browser") % names
    return capfirst(_("%(caller)s called %(to)s") % names)


def ending(call: Call) -> str:
    """How it ended, and how long it was."""
    said = ENDINGS.get(call.reason) or _("The call ended")
    if time := lasted(call):
        return _("%(ending)s, after %(time)s of talk") % {"ending": said, "time": time}
    return str(said)
