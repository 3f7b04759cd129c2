"""Novofon, once Zadarma in Russia; official pages could not be read."""

from django.utils.translation import gettext_noop as _

from telephony.providers.preset import Fact, Inbound, Preset

MIKOPBX = _("github.com/mikopbx/Core (tests)")
PROJECTS = _("public projects that use Novofon")
BY_ANALOGY = _("by analogy with Zadarma, whose platform it was")

NOVOFON = Preset(
    slug="novofon",
    name="Novofon",
    about=_("Russian provider; also UIS and CoMagic. Calls of a number are sent to our address."),
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
    notes=(
        _(
            "If Novofon gives you only a login and a password (“ATS user”), calls will not come:"
            " LiveKit cannot register with a provider. Then connect through FreePBX."
        ),
    ),
    doc_url="https://novofon.com/instructions/sip",
)
