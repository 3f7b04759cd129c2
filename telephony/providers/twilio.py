"""Twilio Elastic SIP Trunking."""

from django.utils.translation import gettext_noop as _

from telephony.providers.preset import Fact, Inbound, Preset

GUIDE = "https://docs.livekit.io/telephony/start/providers/twilio"
JAMBONZ = _("github.com/jambonz (carriers in the seed data)")
NETWORKS = (
    "54.172.60.0/30",
    "54.244.51.0/30",
    "54.171.127.192/30",
    "35.156.191.128/30",
    "54.65.63.192/30",
    "54.252.254.64/30",
    "54.169.127.128/30",
    "177.71.206.192/30",
)

TWILIO = Preset(
    slug="twilio",
    name="Twilio",
    about=_("International provider. Calls come by an Elastic SIP Trunk."),
    inbound=Inbound.TRUNK,
    networks=tuple(Fact(network, JAMBONZ) for network in NETWORKS),
    transport=Fact("tcp", GUIDE, confirmed=True),
    spelling_in=Fact("plus", GUIDE, confirmed=True),
    spelling_out=Fact("plus", GUIDE, confirmed=True),
    did=Fact("to", GUIDE, confirmed=True),
    # <name>.pstn.twilio.com: the name is the account's own.
    outbound_host=Fact(".pstn.twilio.com", GUIDE, confirmed=True),
    srtp=Fact(False, GUIDE, confirmed=True),
    steps=(
        _("In the Twilio console open Elastic SIP Trunking, Manage, Trunks, and create a trunk."),
        _("Under “Origination” add a new origination URI: paste the address for calls."),
        _("Under “Numbers” attach the numbers that people dial."),
    ),
    notes=(
        _(
            "Twilio sends no login with incoming calls: leave the login of the connection empty."
            " Its addresses are what lets calls in."
        ),
    ),
    target="sip:%(address)s;transport=tcp",
    doc_url="https://www.twilio.com/docs/sip-trunking",
)
