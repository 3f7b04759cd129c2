"""Plivo Zentrunk; the addresses that it calls from were not found."""

from django.utils.translation import gettext_noop as _

from telephony.providers.preset import Fact, Inbound, Preset

GUIDE = "https://docs.livekit.io/telephony/start/providers/plivo"

PLIVO = Preset(
    slug="plivo",
    name="Plivo",
    about=_("International provider. Calls come by a Zentrunk."),
    inbound=Inbound.TRUNK,
    transport=Fact("tcp", GUIDE, confirmed=True),
    spelling_in=Fact("plus", GUIDE, confirmed=True),
    spelling_out=Fact("plus", GUIDE, confirmed=True),
    did=Fact("to", GUIDE, confirmed=True),
    # <id>.zt.plivo.com: the id is the account's own.
    outbound_host=Fact(".zt.plivo.com", GUIDE, confirmed=True),
    steps=(
        _("In the Plivo console open Zentrunk and create an inbound trunk."),
        _("Paste the address for calls as its primary URI."),
        _("Open your number, choose the application type Zentrunk, and choose this trunk."),
        _("Ask Plivo's support which IP addresses calls come from, and write them here."),
    ),
    target="%(address)s;transport=tcp",
    doc_url=GUIDE,
)
