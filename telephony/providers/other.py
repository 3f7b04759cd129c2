"""Providers that we have no facts of: by address, or by a login alone."""

from django.utils.translation import gettext_noop as _

from telephony.providers.preset import Fact, Inbound, Preset

NOBODY = _("not known")
MIKOPBX = _("github.com/mikopbx (providers' guides)")

LOGIN_ONLY = Preset(
    slug="login-only",
    name=_("Only a login and a password (Beeline, Rostelecom…)"),
    about=_("The provider gives a login and waits until somebody registers with it."),
    inbound=Inbound.REGISTER,
    transport=Fact("udp", MIKOPBX),
    spelling_in=Fact("any", NOBODY),
    did=Fact("to", NOBODY),
    steps=(
        _("Ask the provider for a trunk by IP address, or for forwarding to a SIP URI."),
        _("If it has neither, put FreePBX in between: it registers and passes the calls to us."),
    ),
)

OTHER = Preset(
    slug="other",
    name=_("Another provider"),
    about=_("Any provider that sends calls to an IP address or to a SIP URI."),
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
)
