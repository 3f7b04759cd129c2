"""UIS and CoMagic."""

from django.utils.translation import gettext_noop as _

from telephony.providers.preset import Fact, Inbound, Preset, SignIn

GUIDE = "asterisk.readycloud.ru"
NOBODY = _("not known")

UIS = Preset(
    slug="uis",
    name="UIS / CoMagic",
    about=_("Russian provider. We sign in with a login."),
    inbound=Inbound.REGISTER,
    transport=Fact("udp", GUIDE),
    spelling_in=Fact("any", NOBODY),
    did=Fact("to", NOBODY),
    sign_in=SignIn(
        host=Fact("sip.uiscom.ru", GUIDE),
        transport=Fact("udp", GUIDE),
        number_in=Fact("any", NOBODY),
        steps=(
            _("Log in to your account and open the SIP lines."),
            _("Add a line for the assistant alone, and copy its login and its password."),
            _("Have calls of your number go to this line."),
        ),
    ),
)
