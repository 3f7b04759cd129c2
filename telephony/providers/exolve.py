"""MTS Exolve, once MTT."""

from django.utils.translation import gettext_noop as _

from telephony.providers.preset import Fact, Inbound, Preset

PROJECTS = _("public projects that use MTS Exolve")

EXOLVE = Preset(
    slug="exolve",
    name="MTS Exolve",
    about=_("Russian provider, formerly MTT. Calls of a number are sent to our address."),
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
    notes=(
        _(
            "Do not use the “SIP ID” (a login such as 883140…): it needs registration, which"
            " LiveKit does not do."
        ),
    ),
    doc_url="https://docs.exolve.ru",
)
