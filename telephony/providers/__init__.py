"""Providers that we know something of, in the order in which staff are shown them."""

from telephony.providers.exolve import EXOLVE
from telephony.providers.freepbx import FREEPBX
from telephony.providers.mango import MANGO
from telephony.providers.novofon import NOVOFON
from telephony.providers.other import LOGIN_ONLY, OTHER
from telephony.providers.plivo import PLIVO
from telephony.providers.preset import CHECKED, Fact, Inbound, Preset
from telephony.providers.telnyx import TELNYX
from telephony.providers.twilio import TWILIO
from telephony.providers.zadarma import ZADARMA

__all__ = ["CHECKED", "OTHER", "PRESETS", "Fact", "Inbound", "Preset", "find"]

PRESETS = (
    NOVOFON,
    FREEPBX,
    TWILIO,
    ZADARMA,
    MANGO,
    EXOLVE,
    TELNYX,
    PLIVO,
    LOGIN_ONLY,
    OTHER,
)


def find(slug: str) -> Preset | None:
    """`slug` is what Trunk.provider holds."""
    return next((preset for preset in PRESETS if preset.slug == slug), None)
