"""Beeline in Russia: a login alone."""

from django.utils.translation import gettext_noop as _

from telephony.providers.preset import Fact, Inbound, Preset, SignIn

MIKOPBX = _("github.com/mikopbx (Beeline guide)")
NOBODY = _("not known")

BEELINE = Preset(
    slug="beeline",
    name=_("Beeline"),
    about=_("Russian provider. We sign in with a login."),
    inbound=Inbound.REGISTER,
    transport=Fact("udp", MIKOPBX),
    spelling_in=Fact("any", NOBODY),
    did=Fact("to", NOBODY),
    sign_in=SignIn(
        host=Fact("ip.beeline.ru", MIKOPBX),
        transport=Fact("udp", MIKOPBX),
        number_in=Fact("any", NOBODY),
        steps=(
            _("Open the Beeline account or its letter with the settings of the telephone line."),
            _("The login begins with SIP. Copy it and its password."),
        ),
    ),
)
