"""Telnyx."""

from django.utils.translation import gettext_noop as _

from telephony.providers.preset import Fact, Inbound, Preset, SignIn

GUIDE = _("https://developers.telnyx.com (LiveKit configuration guide)")
SIPDEV = _("https://sipdev.telnyx.com; another Telnyx page lists others for EU, CA and AU")
ADDRESSES = (
    "192.76.120.10/32",
    "64.16.250.10/32",
    "185.246.41.140/32",
    "185.246.41.141/32",
    "103.115.244.145/32",
    "103.115.244.146/32",
    "192.76.120.31/32",
    "64.16.250.13/32",
    "103.115.244.158/32",
    "103.115.244.159/32",
)

TELNYX = Preset(
    slug="telnyx",
    name="Telnyx",
    about=_("International provider. Calls come by a SIP connection to our address."),
    inbound=Inbound.TRUNK,
    networks=tuple(Fact(address, SIPDEV) for address in ADDRESSES),
    transport=Fact("tcp", GUIDE),
    spelling_in=Fact("plus", GUIDE, confirmed=True),
    spelling_out=Fact("plus", GUIDE, confirmed=True),
    did=Fact("to", GUIDE, confirmed=True),
    outbound_host=Fact("sip.telnyx.com", GUIDE, confirmed=True),
    calls_per_second=Fact(20, "github.com/livekit/sip, issue 592"),
    steps=(
        _("In the Telnyx portal create a SIP connection of the type FQDN."),
        _("Add an FQDN with the host %(host)s and the port %(port)s."),
        _("Set the format of numbers to +E.164 for incoming calls."),
        _("Assign your numbers to this connection."),
    ),
    sign_in=SignIn(
        host=Fact("sip.telnyx.com", GUIDE, confirmed=True),
        transport=Fact("udp", SIPDEV),
        number_in=Fact("any", GUIDE),
        steps=(
            _("In the Telnyx portal create a SIP connection of the type Credentials."),
            _("Its user name is the login; its password stands beside it."),
            _("Assign your numbers to this connection."),
        ),
    ),
    notes=(_("Telnyx needs a paid account before calls come."),),
    target="%(address)s",
    doc_url="https://developers.telnyx.com",
)
