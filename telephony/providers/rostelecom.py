"""Rostelecom: a login at a domain of one's own."""

from django.utils.translation import gettext_noop as _

from telephony.providers.preset import Fact, Inbound, Preset, SignIn

MIKOPBX = _("github.com/mikopbx (Rostelecom guide)")
NOBODY = _("not known")

ROSTELECOM = Preset(
    slug="rostelecom",
    name=_("Rostelecom"),
    about=_("Russian provider. We sign in with a login."),
    inbound=Inbound.REGISTER,
    transport=Fact("udp", MIKOPBX),
    spelling_in=Fact("any", NOBODY),
    did=Fact("to", NOBODY),
    sign_in=SignIn(
        # The domain is the account's own.
        host=Fact(".rt.ru", MIKOPBX),
        transport=Fact("udp", MIKOPBX),
        number_in=Fact("any", NOBODY),
        steps=(
            _("Log in to the Virtual PBX of Rostelecom and open the user for the assistant."),
            _("Copy the domain (it ends with .rt.ru), the login and the password."),
            _("If Rostelecom also gave an “outbound proxy”, write it under “More settings” here."),
        ),
    ),
)
