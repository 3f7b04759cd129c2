"""MTS Exolve, once MTT."""

from django.utils.translation import gettext_noop as _

from telephony.providers.preset import Fact, Inbound, Preset, SignIn

PROJECTS = _("public projects that use MTS Exolve")

EXOLVE = Preset(
    slug="exolve",
    name="MTS Exolve",
    about=_("Russian provider, formerly MTT. Calls are sent to our address, or we sign in."),
    inbound=Inbound.FORWARD,
    networks=(Fact("80.75.130.101/32", PROJECTS),),
    transport=Fact("udp", PROJECTS),
    spelling_in=Fact("digits", PROJECTS),
    spelling_out=Fact("digits", PROJECTS),
    did=Fact("to", PROJECTS),
    outbound_host=Fact("80.75.130.99", PROJECTS),
    codecs=Fact(("PCMA", "PCMU"), PROJECTS),
    steps=(
        _("Log in to MTS Exolve, open your application and the settings of the number."),
        _("Choose forwarding to SIP, and paste the address for calls from this page."),
    ),
    sign_in=SignIn(
        host=Fact("sip.exolve.ru", PROJECTS),
        transport=Fact("udp", PROJECTS),
        number_in=Fact("any", PROJECTS),
        steps=(
            _("Log in to MTS Exolve and open your application, then its “SIP ID”."),
            _("The SIP ID (such as 883140…) is the login; its password stands beside it."),
            _("Have calls of your number go to this SIP ID."),
        ),
    ),
    doc_url="https://docs.exolve.ru",
)
