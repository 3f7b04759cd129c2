"""What each answer of a telephone exchange means, for calls that we placed and for calls to us.

An exchange answers every call with a number (RFC 3261 and its successors). To a call of ours the
provider, or the telephone beyond it, gave it; to a call that came in we did. Numbers that have no
sentence of their own are understood by their hundred.
"""

from django.utils.translation import gettext_noop as _

from veyra.sentences import Sentence

CHECK_LOGIN = _(
    "The provider did not accept our login. Enter the login and password for calls out anew in the"
    " provider connection, as they stand in the provider's account."
)
NO_SUCH_NUMBER = _("There is no such number. Check how it is written.")
NOT_CARRIED = _(
    "The provider could not carry the call. Try again in a few minutes; if it repeats, tell the"
    " provider's support the time of this call."
)
NO_ACCORD = _(
    "The other side accepts none of our sound formats, or not our encryption. Change sound format"
    " or encryption in the provider connection, under “Calls out”."
)
BAD_REQUEST = _(
    "The provider did not understand our call. Check in the provider connection how numbers are"
    " written and what stands in From; then show this answer to the provider's support."
)

# To a call that we placed.
OUT: dict[int, str] = {
    300: _("The provider named several other addresses instead of calling. Ask its support why."),
    301: _("The number has moved for good. Ask the person for his new number."),
    302: _("The call was forwarded elsewhere, which the call entrance does not follow."),
    305: _("The provider wants calls by another server. Ask its support for its name."),
    380: _("The provider offered another service instead of the call. Ask its support why."),
    400: BAD_REQUEST,
    401: CHECK_LOGIN,
    402: _("The provider wants money first. Check the balance in the provider's account."),
    403: _(
        "The provider forbade the call. Most often the number that we show is not ours there, the"
        " login must stand in From, or calls to this country are switched off in its account."
    ),
    404: NO_SUCH_NUMBER,
    405: BAD_REQUEST,
    406: NO_ACCORD,
    407: CHECK_LOGIN,
    408: _("The telephone could not be reached in time: switched off, or without network."),
    410: _("This number is no longer in use. Ask the person for his new number."),
    413: BAD_REQUEST,
    414: BAD_REQUEST,
    415: NO_ACCORD,
    416: BAD_REQUEST,
    420: BAD_REQUEST,
    421: BAD_REQUEST,
    423: BAD_REQUEST,
    428: _("The provider wants calls with a signed number, which the call entrance cannot give."),
    429: _("The provider did not accept who we are. Ask its support which header it expects."),
    430: _("The way to the telephone broke. Call again."),
    433: _("He takes no calls from withheld numbers. Show one of our numbers."),
    436: _("The provider did not accept the signature of our number. Ask its support."),
    437: _("The provider did not accept the certificate of our number. Ask its support."),
    438: _("The provider did not accept the signature of our number. Ask its support."),
    480: _("The telephone cannot be reached now: switched off, without network, or set to silent."),
    481: _("The provider lost the call. Call again."),
    482: _("The call ran in a circle. Ask the provider's support where the number leads."),
    483: _("The call went through too many exchanges. Ask the provider's support about it."),
    484: _("The number is not complete. Check how it is written."),
    485: _("The number is not clear to the provider. Write it in full, with the country's code."),
    486: _("The line is busy. Call again later."),
    487: _("The call was given up before anybody answered."),
    488: NO_ACCORD,
    491: _("The provider was busy with this call already. Call again."),
    493: NO_ACCORD,
    494: _("The provider wants an encrypted connection. Choose TLS in the provider connection."),
    500: NOT_CARRIED,
    501: _("The provider does not offer such calls. Ask its support what is switched off."),
    502: NOT_CARRIED,
    503: _(
        "The provider's server takes no calls now, or we called faster than it allows. Try again"
        " in a few minutes, and look at “new calls a second” in the provider connection."
    ),
    504: NOT_CARRIED,
    505: BAD_REQUEST,
    513: BAD_REQUEST,
    580: NOT_CARRIED,
    600: _("The line is busy everywhere. Call again later."),
    603: _("The person declined the call."),
    604: NO_SUCH_NUMBER,
    606: NO_ACCORD,
    607: _("The person marked our calls as unwanted. Do not call again."),
    608: _("His operator blocked the call as unwanted. Ask the provider why our number is marked."),
}
OUT_HUNDREDS: dict[int, str] = {
    3: _("The provider sent the call elsewhere, which the call entrance does not follow."),
    4: _("The provider did not take the call (%(code)s). Show this answer to its support."),
    5: NOT_CARRIED,
    6: _("The person cannot or does not want to take the call (%(code)s)."),
}

# To a call that came to us.
IN: dict[int, str] = {
    200: _("We answered the call."),
    400: _(
        "We could not read the call. Ask the provider to allow G.711 or G.722, and to switch"
        " encryption as on our side."
    ),
    401: _("We refused the login that the provider sent. Enter the same one on both sides."),
    403: _("We do not take calls from this address. Add it to the provider connection."),
    404: _("We do not know the called number. Add it under “Numbers”."),
    405: _("We were asked for something that the call entrance cannot do, such as registering."),
    407: _("We asked the provider for its login, and none came."),
    408: _("The provider did not go on with the call in time."),
    480: _("Nobody of ours could take the call."),
    486: _("Nobody of ours answered in time."),
    487: _("The caller hung up before anybody answered."),
    488: _("We have no sound format in common with the provider."),
    500: _("The call entrance failed. Look at its log with your engineer."),
    503: _(
        "We could not tell who is to answer, or the call entrance was overloaded. Look at “Numbers”"
        " and “Who answers”, and at the load of the server."
    ),
    603: _("We turned the call away."),
}
IN_HUNDREDS: dict[int, str] = {
    3: _("We sent the call elsewhere (%(code)s)."),
    4: _("We did not take the call (%(code)s)."),
    5: _("We could not take the call (%(code)s). Look at the call entrance with your engineer."),
    6: _("We turned the call away (%(code)s)."),
}


def answer_to_us(code: int) -> Sentence:
    """What the other side's answer to a call of ours means; empty for a number that is none."""
    return _sentence(code, OUT, OUT_HUNDREDS)


def answer_of_ours(code: int) -> Sentence:
    """What our answer to a call that came in means; empty for a number that is none."""
    return _sentence(code, IN, IN_HUNDREDS)


def _sentence(code: int, own: dict[int, str], hundreds: dict[int, str]) -> Sentence:
    msgid = own.get(code) or hundreds.get(code // 100, "")
    return Sentence(msgid, {"code": code} if "%(code)s" in msgid else {})
