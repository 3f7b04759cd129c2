"""Novofon, once Zadarma in Russia; official pages could not be read."""

from django.utils.translation import gettext_noop as _

from telephony.providers.preset import Fact, Inbound, Preset, SignIn

MIKOPBX = _("github.com/mikopbx/Core (tests)")
PROJECTS = _("public projects that use Novofon")
BY_ANALOGY = _("by analogy with Zadarma, whose platform it was")

NOVOFON = Preset(
    slug="novofon",
    name="Novofon",
    about=_("Russian provider. Calls are sent to our address, or we sign in with a login."),
    inbound=Inbound.FORWARD,
    networks=(Fact("37.139.38.0/24", MIKOPBX),),
    transport=Fact("udp", PROJECTS),
    spelling_in=Fact("digits", PROJECTS),
    spelling_out=Fact("digits", PROJECTS),
    did=Fact("to", BY_ANALOGY),
    outbound_host=Fact("sip.novofon.ru", PROJECTS),
    codecs=Fact(("PCMA", "PCMU", "G722"), PROJECTS),
    steps=(
        _("Log in to your Novofon account and open the settings of your number."),
        _(
            "Have calls of the number sent to an external server (SIP URI), and paste the address"
            " for calls from this page. Choose UDP where it asks."
        ),
        _(
            "If your account has no such choice, paste the letter from this page to Novofon's"
            " support."
        ),
    ),
    sign_in=SignIn(
        host=Fact("sip.novofon.ru", PROJECTS),
        transport=Fact("udp", PROJECTS),
        number_in=Fact("called_did", BY_ANALOGY),
        steps=(
            _("Log in to your Novofon account and open Telephony, then ATS users."),
            _(
                "Add a user for the assistant alone, and open it: its login (5 to 7 digits) and its"
                " password are what this page asks for."
            ),
            _("Have calls of your number go to this user."),
        ),
    ),
    doc_url="https://novofon.com/instructions/sip",
)
