"""Providers that we have no facts of: by address, or by a login."""

from django.utils.translation import gettext_noop as _

from telephony.providers.preset import Fact, Inbound, Preset, SignIn

NOBODY = _("not known")

OTHER = Preset(
    slug="other",
    name=_("Another provider"),
    about=_("Any provider: it sends calls to our address, or gives a login and a password."),
    inbound=Inbound.FORWARD,
    transport=Fact("udp", NOBODY),
    spelling_in=Fact("any", NOBODY),
    did=Fact("to", NOBODY),
    steps=(
        _(
            "Find in the provider's account where calls of a number can be sent to a SIP URI, an"
            " external server or an IP address."
        ),
        _("Paste the address for calls from this page there."),
        _("If you do not find it, paste the letter from this page to the provider's support."),
        _("The support also knows which addresses calls come from. Write them here."),
    ),
    sign_in=SignIn(
        transport=Fact("udp", NOBODY),
        number_in=Fact("any", NOBODY),
        steps=(
            _(
                "Look in the provider's account, or in its letter, for three things: the server"
                " (also called SIP server, domain or registrar), the login and the password."
            ),
            _("If one of them is missing, ask the provider's support for it."),
        ),
    ),
)
