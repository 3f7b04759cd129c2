"""Whether a call that was not put through may be tried once more, by the reserve. Pure."""

from telephony.reasons import Reason

# The provider could not or would not carry the call. It says nothing of the person called.
PROVIDERS_OWN = frozenset(
    {400, 401, 402, 403, 405, 407, 415, 420, 421, 423, 488, 500, 501, 502, 503, 504, 505, 513, 606}
)
# The person was not reached; many providers say so without having tried at all.
NOT_REACHED = frozenset({408, 430, 480})
# Nothing came back but a question for the login, or nothing at all, so there is no number: the name
# is unknown, the server is away. The gateway itself says so, and no telephone can have rung.
WITHOUT_ANSWER = frozenset(
    {Reason.NO_RESPONSE, Reason.SERVER_UNKNOWN, Reason.NO_TLS, Reason.PROVIDER_LOGIN}
)


def may_try_next(reason: str, status: int | None, *, rang: bool | None, answered: bool) -> bool:
    """Is it safe to place the same call through another provider? `rang` is None where nobody saw.

    Never once the telephone rang, may have rung or was picked up: the person would be called twice.
    Never after an answer that is his own (busy, declined, no such number): it would be the same
    elsewhere, and he has decided. What is left are answers that a provider gives for itself, before
    it tries.
    """
    if rang or answered:
        return False
    if status is None:
        return reason in WITHOUT_ANSWER
    return rang is False and status in PROVIDERS_OWN | NOT_REACHED
