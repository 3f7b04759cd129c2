"""Zadarma: a number is sent to a SIP URI."""

from django.utils.translation import gettext_noop as _

from telephony.providers.preset import Fact, Inbound, Preset, SignIn

TRUNK_PAGE = "https://zadarma.com/en/support/faq/voip/what_is_the_sip_trunk/"
PROJECT = _("a public project that quotes the account's own page")
MIKOPBX = _("github.com/mikopbx (guide on routing by the dialled number)")
VAPI = "github.com/VapiAI/docs (sip-zadarma.mdx)"
NETWORKS = (
    "185.45.152.0/24",
    "185.45.154.0/24",
    "185.45.155.0/24",
    "195.122.19.0/27",
    "31.31.222.192/27",
    "15.235.128.64/28",
)

ZADARMA = Preset(
    slug="zadarma",
    name="Zadarma",
    about=_("International provider. Calls are sent to our address, or we sign in with a login."),
    inbound=Inbound.FORWARD,
    networks=tuple(Fact(network, PROJECT) for network in NETWORKS),
    transport=Fact("udp", PROJECT),
    spelling_in=Fact("any", PROJECT),
    did=Fact("to", VAPI),
    outbound_host=Fact("sip.zadarma.com", TRUNK_PAGE, confirmed=True),
    identity_header=Fact("P-Asserted-Identity", PROJECT),
    codecs=Fact(("PCMA", "PCMU"), PROJECT),
    dtmf=Fact("rfc2833", PROJECT),
    steps=(
        _("Log in to Zadarma and open Settings, then the list of your numbers."),
        _("Press the gear beside the number and choose “External server (SIP URI)”."),
        _("Paste the address for calls from this page, and save."),
    ),
    sign_in=SignIn(
        host=Fact("sip.zadarma.com", TRUNK_PAGE, confirmed=True),
        transport=Fact("udp", PROJECT),
        number_in=Fact("called_did", MIKOPBX),
        steps=(
            _("Log in to Zadarma and find the settings of your SIP login."),
            _("Its number is the login. The password stands there, too, or can be set anew."),
            _("Have calls of your number go to this login."),
        ),
        notes=(
            _(
                "A login that was switched to “SIP trunk by IP address” cannot sign in. Take"
                " another one."
            ),
        ),
    ),
    notes=(_("About three calls at once by default: ask Zadarma for more if you need them."),),
    doc_url=TRUNK_PAGE,
)
