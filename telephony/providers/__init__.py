"""Providers that we know something of, in the order in which staff are shown them."""

from telephony.providers.beeline import BEELINE
from telephony.providers.exolve import EXOLVE
from telephony.providers.freepbx import FREEPBX
from telephony.providers.mango import MANGO
from telephony.providers.novofon import NOVOFON
from telephony.providers.other import OTHER
from telephony.providers.plivo import PLIVO
from telephony.providers.preset import CHECKED, Fact, Inbound, Preset, SignIn
from telephony.providers.rostelecom import ROSTELECOM
from telephony.providers.telnyx import TELNYX
from telephony.providers.twilio import TWILIO
from telephony.providers.uis import UIS
from telephony.providers.zadarma import ZADARMA

__all__ = ["CHECKED", "OTHER", "PRESETS", "Fact", "Inbound", "Preset", "SignIn", "find"]

PRESETS = (
    NOVOFON,
    FREEPBX,
    TWILIO,
    ZADARMA,
    MANGO,
    EXOLVE,
    BEELINE,
    ROSTELECOM,
    UIS,
    TELNYX,
    PLIVO,
    OTHER,
)


def find(slug: str) -> Preset | None:
    """`slug` is what Trunk.provider holds."""
    return next((preset for preset in PRESETS if preset.slug == slug), None)
