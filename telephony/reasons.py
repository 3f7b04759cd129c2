"""Why a call ended as it did: a code on the row, and for each code a sentence with what to do."""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext_noop as _

from telephony.sip_answers import CHECK_LOGIN, NO_ACCORD, answer_to_us
from telephony.sip_answers import NOT_CARRIED as PROVIDER_FAILED
from veyra.sentences import Sentence


class Reason(StrEnum):
    HUNG_UP = "hung_up"
    HUNG_UP_BY_CALLER = "hung_up_by_caller"
    HUNG_UP_BY_AGENT = "hung_up_by_agent"
    HUNG_UP_BY_STAFF = "hung_up_by_staff"
    HUNG_UP_BY_COLLEAGUE = "hung_up_by_colleague"
    TRANSFERRED = "transferred"
    BLOCKED = "blocked"
    OUT_OF_HOURS = "out_of_hours"
    OUT_OF_HOURS_TAKEN = "out_of_hours_taken"
    OUT_OF_HOURS_NOBODY = "out_of_hours_nobody"
    OUT_OF_HOURS_BACK = "out_of_hours_back"
    SPENT = "spent"
    SPENT_TAKEN = "spent_taken"
    SPENT_NOBODY = "spent_nobody"
    SPENT_BACK = "spent_back"
    SPENT_MENU = "spent_menu"
    CALLER_GAVE_UP = "caller_gave_up"
    NO_AGENT = "no_agent"
    AGENT_FAILED = "agent_failed"
    AGENT_SILENT = "agent_silent"
    NOBODY_CAME = "nobody_came"
    CUT_OFF = "cut_off"
    ASKED_BACK = "asked_back"
    LEFT_MESSAGE = "left_message"
    WANTS_CALL = "wants_call"
    MEDIA_TIMEOUT = "media_timeout"
    NO_ACK = "no_ack"
    THROWN_OUT = "thrown_out"
    REMOVED = "removed"
    CONNECTION_LOST = "connection_lost"
    SERVER_SHUTDOWN = "server_shutdown"
    UNKNOWN_NUMBER = "unknown_number"
    NO_RULE = "no_rule"
    STRANGER = "stranger"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105  # a reason's code
    NO_PASSWORD = "no_password"  # noqa: S105  # likewise
    NUMBER_CONFLICT = "number_conflict"
    RULE_CONFLICT = "rule_conflict"
    WRONG_PIN = "wrong_pin"
    NO_CODEC = "no_codec"
    NO_ENCRYPTION = "no_encryption"
    BAD_OFFER = "bad_offer"
    GATEWAY_ERROR = "gateway_error"
    LOST = "lost"
    # Calls that we placed; an answer of the other side is ANSWER and its number.
    HUNG_UP_BY_CALLEE = "hung_up_by_callee"
    NOT_PICKED_UP = "not_picked_up"
    NOT_REACHED = "not_reached"
    NOT_WANTED = "not_wanted"
    NOT_CARRIED = "not_carried"
    NO_RESPONSE = "no_response"
    SERVER_UNKNOWN = "server_unknown"
    NO_TLS = "no_tls"
    NO_ACCORD = "no_accord"
    PROVIDER_LOGIN = "provider_login"
    ENDED_HERE = "ended_here"


ANSWER = "answer_"


# What LiveKit's gateway writes into a call record, in lower case, and what it means. The first
# that is found in the text counts.
ERRORS: tuple[tuple[str, Reason], ...] = (
    ("not authorized by trunk configuration", Reason.UNKNOWN_NUMBER),
    ("invalid credentials", Reason.WRONG_PASSWORD),
    ("no authenticated retry", Reason.NO_PASSWORD),
    ("wrong pin", Reason.WRONG_PIN),
    ("room subscription timed out", Reason.NO_AGENT),
    ("media timeout", Reason.MEDIA_TIMEOUT),
    ("media-timeout", Reason.MEDIA_TIMEOUT),
    ("no ack received", Reason.NO_ACK),
    ("common audio codec not found", Reason.NO_CODEC),
    ("no common encryption", Reason.NO_ENCRYPTION),
    ("sdp", Reason.BAD_OFFER),
    # of calls that we placed
    ("required auth, but no username", Reason.PROVIDER_LOGIN),
    ("max auth retry", Reason.PROVIDER_LOGIN),
    ("no auth header", Reason.PROVIDER_LOGIN),
    ("tls:", Reason.NO_TLS),
    ("x509:", Reason.NO_TLS),
    ("lookup ", Reason.SERVER_UNKNOWN),
    ("no such host", Reason.SERVER_UNKNOWN),
    ("transaction failed to complete (0 ", Reason.NO_RESPONSE),
    ("transaction failed to complete", Reason.NOT_CARRIED),
    ("connection refused", Reason.NO_RESPONSE),
    ("i/o timeout", Reason.NO_RESPONSE),
)

# The caller was turned away before anything of ours answered.
REFUSALS = frozenset(
    {
        Reason.UNKNOWN_NUMBER,
        Reason.NO_RULE,
        Reason.WRONG_PASSWORD,
        Reason.NO_PASSWORD,
        Reason.NUMBER_CONFLICT,
        Reason.RULE_CONFLICT,
        Reason.WRONG_PIN,
        Reason.NO_CODEC,
        Reason.NO_ENCRYPTION,
        Reason.BAD_OFFER,
        Reason.BLOCKED,
    }
)
# Turned away because somebody of the staff wanted it so: there is nothing to mend.
WANTED = frozenset({Reason.BLOCKED, Reason.HUNG_UP_BY_STAFF})
# What became of the call is what staff chose for that hour, or for a day whose money is spent: no
# assistant is missing.
AS_CHOSEN = frozenset(
    {
        Reason.OUT_OF_HOURS,
        Reason.OUT_OF_HOURS_NOBODY,
        Reason.OUT_OF_HOURS_BACK,
        Reason.SPENT,
        Reason.SPENT_NOBODY,
        Reason.SPENT_BACK,
    }
)
# One of us talked to the caller, and no assistant did.
BY_PEOPLE = frozenset({Reason.OUT_OF_HOURS_TAKEN, Reason.SPENT_TAKEN})

# LiveKit's word for why a participant left, where it says more than "he left".
DEPARTURES = {
    "DUPLICATE_IDENTITY": Reason.THROWN_OUT,
    "PARTICIPANT_REMOVED": Reason.REMOVED,
    "CONNECTION_TIMEOUT": Reason.CONNECTION_LOST,
    "SIGNAL_CLOSE": Reason.CONNECTION_LOST,
    "MEDIA_FAILURE": Reason.CONNECTION_LOST,
    "JOIN_FAILURE": Reason.CONNECTION_LOST,
    "SERVER_SHUTDOWN": Reason.SERVER_SHUTDOWN,
}


@dataclass(frozen=True)
class Explanation:
    """`sip_status` is the final answer that the caller's side got, where LiveKit always gives it;
    None: it got none, or it depends.
    """

    msgid: str
    sip_status: int | None = None


EXPLANATIONS: dict[str, Explanation] = {
    Reason.HUNG_UP: Explanation(_("The conversation ended normally."), 200),
    Reason.HUNG_UP_BY_CALLER: Explanation(_("The caller hung up."), 200),
    Reason.HUNG_UP_BY_AGENT: Explanation(_("The assistant ended the conversation."), 200),
    Reason.HUNG_UP_BY_STAFF: Explanation(_("A colleague ended the call.")),
    Reason.HUNG_UP_BY_COLLEAGUE: Explanation(
        _("The colleague who had taken the call hung up."), 200
    ),
    Reason.TRANSFERRED: Explanation(
        _("A colleague had the call connected with another number; there it went on."), 200
    ),
    Reason.OUT_OF_HOURS: Explanation(
        _("Closed at the time: the caller was told so, and then the call ended."), 200
    ),
    Reason.OUT_OF_HOURS_TAKEN: Explanation(
        _("Closed at the time, so a person was rung, and took the call."), 200
    ),
    Reason.OUT_OF_HOURS_NOBODY: Explanation(
        _("Closed at the time, so people were rung, and none of them took the call.")
    ),
    Reason.OUT_OF_HOURS_BACK: Explanation(
        _("Closed at the time. The caller did not wait for a person, and asked to be called back."),
        200,
    ),
    Reason.SPENT: Explanation(
        _("The day's budget was used up, so the caller heard a message, and then the call ended."),
        200,
    ),
    Reason.SPENT_TAKEN: Explanation(
        _("The day's budget was used up, so a person was rung, and took the call."), 200
    ),
    Reason.SPENT_NOBODY: Explanation(
        _("The day's budget was used up, so people were rung, and none of them took the call.")
    ),
    Reason.SPENT_BACK: Explanation(
        _(
            "The day's budget was used up. The caller did not wait for a person, and asked to be"
            " called back."
        ),
        200,
    ),
    Reason.SPENT_MENU: Explanation(
        _("The day's budget was used up, so the assistant offered the caller its menu alone."), 200
    ),
    Reason.BLOCKED: Explanation(
        _(
            "This caller is blocked, so the call was ended before anybody spoke. The block can be"
            " lifted on this page."
        ),
        486,
    ),
    Reason.CALLER_GAVE_UP: Explanation(
        _(
            "The caller hung up before anybody spoke. If it rang for long, see that the "
            "assistant is working."
        ),
        487,
    ),
    Reason.NO_AGENT: Explanation(
        _(
            "No assistant came to the call, and the caller heard only ringing. See on the home "
            "page that the assistant is working and has free places, then call again."
        ),
        486,
    ),
    Reason.AGENT_FAILED: Explanation(
        _(
            "The assistant could not start. The details have its error; check the assistant's "
            "settings, then call again."
        )
    ),
    Reason.AGENT_SILENT: Explanation(
        _(
            "The call was picked up, but the assistant said nothing. Check its greeting and its "
            "voice, then call again."
        ),
        200,
    ),
    Reason.NOBODY_CAME: Explanation(
        _(
            "No assistant could answer. The caller was told so, and the call was ended. See on the"
            " home page that assistants are working and have free places."
        ),
        200,
    ),
    Reason.CUT_OFF: Explanation(
        _(
            "The assistant was lost in the middle of the conversation, and no other could come. The"
            " caller was told so. If it happens again, tell the engineer."
        ),
        200,
    ),
    Reason.ASKED_BACK: Explanation(
        _(
            "No assistant could talk to the caller. He did not want to wait for a colleague, and"
            " asked to be called back."
        ),
        200,
    ),
    Reason.LEFT_MESSAGE: Explanation(_("The caller left a message with the assistant."), 200),
    Reason.WANTS_CALL: Explanation(_("The caller asked the assistant to be called back."), 200),
    Reason.MEDIA_TIMEOUT: Explanation(
        _(
            "The caller's sound stopped coming, so the call was ended. If this repeats, open the "
            "sound ports in the firewall, or ask the provider whether it sends sound in silence."
        ),
        200,
    ),
    Reason.NO_ACK: Explanation(
        _(
            "We answered, but the provider never confirmed it. Check that the call entrance "
            "shows the public address, and that the firewall lets answers out."
        ),
        200,
    ),
    Reason.THROWN_OUT: Explanation(
        _(
            "A second call from the same number entered the same shared room and took this "
            "one's place. Let “Who answers” make a room for each call."
        )
    ),
    Reason.REMOVED: Explanation(_("Somebody removed the caller from the conversation.")),
    Reason.CONNECTION_LOST: Explanation(
        _("The connection broke. If this repeats, check the network and the load of the server.")
    ),
    Reason.SERVER_SHUTDOWN: Explanation(
        _("LiveKit was stopped during the call. Nothing needs to be done if it was restarted.")
    ),
    Reason.UNKNOWN_NUMBER: Explanation(
        _(
            "Nobody serves the called number. Add it under “Numbers”, give it to somebody under "
            "“Who answers”, and check that the provider's addresses include the caller's."
        )
    ),
    Reason.NO_RULE: Explanation(
        _("The number is known, but nobody answers it. Choose an assistant under “Who answers”.")
    ),
    Reason.STRANGER: Explanation(
        _(
            "He is none of the providers that we sign in at, so he got no answer. If the address "
            "is a provider's, add it to its connection."
        )
    ),
    Reason.WRONG_PASSWORD: Explanation(
        _(
            "The provider logged in with a wrong login or password. Enter the same ones in the "
            "provider connection and in the provider's account."
        ),
        401,
    ),
    Reason.NO_PASSWORD: Explanation(
        _(
            "The provider was asked for its login and sent none. Enter the login in the "
            "provider's account, or leave it empty in the provider connection and list the "
            "provider's addresses."
        ),
        407,
    ),
    Reason.NUMBER_CONFLICT: Explanation(
        _(
            "Two provider connections claim this number, so LiveKit could not choose. Keep the "
            "number in one of them, and look for connections that Veyra does not manage."
        ),
        503,
    ),
    Reason.RULE_CONFLICT: Explanation(
        _(
            "Two rules claim this call, so LiveKit could not choose. Under “Who answers”, keep "
            "one for these numbers and callers."
        ),
        503,
    ),
    Reason.WRONG_PIN: Explanation(
        _("The caller typed a wrong PIN, or none. Tell him the PIN, or remove it.")
    ),
    Reason.NO_CODEC: Explanation(
        _(
            "The provider offered no sound format that we know. Ask it to allow G.711 (PCMA or "
            "PCMU) or G.722."
        ),
        400,
    ),
    Reason.NO_ENCRYPTION: Explanation(
        _(
            "The provider and the call entrance do not agree on encryption of sound. Ask the "
            "provider to switch SRTP off, or on, as on your side."
        ),
        400,
    ),
    Reason.BAD_OFFER: Explanation(
        _("The provider described the call's sound in a way that cannot be read. Ask it for help."),
        400,
    ),
    Reason.GATEWAY_ERROR: Explanation(
        _(
            "The call entrance reported an error; the details have its words. If it repeats, "
            "show them to your engineer."
        )
    ),
    Reason.LOST: Explanation(
        _(
            "Nothing more was heard of this call, so it counts as ended. If it repeats, check "
            "that LiveKit and the call entrance run without restarts."
        )
    ),
    Reason.HUNG_UP_BY_CALLEE: Explanation(_("The person called hung up."), 200),
    Reason.NOT_PICKED_UP: Explanation(
        _("It rang, and nobody picked up. Call again at another time."), 487
    ),
    Reason.NOT_REACHED: Explanation(
        _(
            "Nobody picked up in time, and the provider did not tell whether it rang. Call again "
            "at another time."
        ),
        487,
    ),
    Reason.NOT_CARRIED: Explanation(PROVIDER_FAILED),
    Reason.NOT_WANTED: Explanation(
        _(
            "The line was busy, or the call was declined; nobody listened to the call entrance, "
            "so the exact answer is not known."
        )
    ),
    Reason.NO_RESPONSE: Explanation(
        _(
            "The provider's server did not answer our call at all. Check its address, the port "
            "and the transport in the provider connection, and that the firewall lets calls out."
        )
    ),
    Reason.SERVER_UNKNOWN: Explanation(
        _(
            "The name of the provider's server leads nowhere. Check how it is written in the "
            "provider connection, under “Calls out”."
        )
    ),
    Reason.NO_TLS: Explanation(
        _(
            "No encrypted connection to the provider's server came about: its certificate is not "
            "one that is trusted everywhere, or encryption is not spoken there. Ask the provider "
            "for its name and port for TLS, or choose another transport in the provider connection."
        )
    ),
    Reason.NO_ACCORD: Explanation(NO_ACCORD),
    Reason.PROVIDER_LOGIN: Explanation(CHECK_LOGIN),
    Reason.ENDED_HERE: Explanation(_("The call was ended here before anybody answered.")),
}


def of_error(text: str) -> Reason:
    """What the gateway's error text means."""
    lowered = text.lower()
    return next((reason for part, reason in ERRORS if part in lowered), Reason.GATEWAY_ERROR)


def sentence(code: str) -> Sentence:
    """What `Call.reason` or `Refused.reason` says to people; empty for an empty or unknown code."""
    if code.startswith(ANSWER) and code.removeprefix(ANSWER).isdecimal():
        return answer_to_us(int(code.removeprefix(ANSWER)))
    found = EXPLANATIONS.get(code)
    return Sentence(found.msgid if found else "")


def sip_status(code: Reason) -> int | None:
    return EXPLANATIONS[code].sip_status
