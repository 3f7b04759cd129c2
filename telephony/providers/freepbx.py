"""FreePBX or Asterisk: one's own exchange."""

from django.utils.translation import gettext_noop as _

from telephony.providers.preset import Fact, Inbound, Preset, SignIn

SOURCE = "github.com/FreePBX/core (functions.inc/drivers/PJSip.class.php)"
WALKTHROUGH = "https://github.com/livekit/sip/issues/231"

FREEPBX = Preset(
    slug="freepbx",
    name="FreePBX / Asterisk",
    about=_("Your own telephone exchange: a trunk to our address, or an extension of it."),
    inbound=Inbound.PBX,
    transport=Fact("udp", WALKTHROUGH, confirmed=True),
    spelling_in=Fact("any", WALKTHROUGH),
    did=Fact("to", WALKTHROUGH, confirmed=True),
    codecs=Fact(("PCMA", "PCMU"), WALKTHROUGH, confirmed=True),
    dtmf=Fact("rfc2833", WALKTHROUGH, confirmed=True),
    steps=(
        _("In FreePBX open Connectivity, Trunks, and add a trunk of the type chan_pjsip."),
        _("Fill it in as the table on this page shows, and leave all else as it is."),
        _(
            "Send your numbers to it: add an inbound route with your number and the destination"
            " “Trunks”, or dial it from an extension through an outbound route."
        ),
        _("Press Submit and then Apply Config, and write the exchange's own address here."),
    ),
    notes=(
        _(
            "The call is picked up when the assistant begins to speak; until then FreePBX hears"
            " ringing."
        ),
        _(
            "If FreePBX stands on the same computer as the call entrance, the two must not share"
            " the port 5060 nor the ports of sound, 10000 to 20000."
        ),
    ),
    sign_in=SignIn(
        transport=Fact("udp", WALKTHROUGH),
        number_in=Fact("any", WALKTHROUGH),
        steps=(
            _("In FreePBX open Applications, Extensions, and add one of the type chan_pjsip."),
            _("Its number is the login, its secret the password."),
            _(
                "Have calls of your number go to this extension: open its inbound route and choose"
                " the extension as the destination. Then press Apply Config."
            ),
        ),
        notes=(
            _(
                "FreePBX does not tell an extension which number was dialled. Where several numbers"
                " are needed, add an extension for each."
            ),
        ),
    ),
    target="%(number)s@%(address)s",
    doc_url=WALKTHROUGH,
)


def trunk_settings(host: str, port: int) -> tuple[tuple[str, str], ...]:
    """(the field's own name in FreePBX, what to type)."""
    return (
        ("Trunk Name", "veyra"),
        ("Authentication", "None"),
        ("Registration", "None"),
        ("SIP Server", host),
        ("SIP Server Port", str(port)),
        ("Context", "from-pstn"),
        ("Match (Permit)", host),
        ("DTMF Mode", "RFC 4733"),
        ("Direct Media", "No"),
        ("Codecs", "alaw, ulaw"),
    )


def pjsip_conf(host: str, port: int) -> str:
    """The same for an Asterisk without FreePBX: a part of pjsip.conf."""
    return "\n".join(
        [
            "[veyra]",
            "type=aor",
            f"contact=sip:{host}:{port}",
            "qualify_frequency=30",
            "",
            "[veyra]",
            "type=endpoint",
            "context=from-pstn",
            "disallow=all",
            "allow=alaw,ulaw",
            "dtmf_mode=rfc4733",
            "direct_media=no",
            "aors=veyra",
            "",
            "[veyra]",
            "type=identify",
            "endpoint=veyra",
            f"match={host}",
            "",
        ]
    )
