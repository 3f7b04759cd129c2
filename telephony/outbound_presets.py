"""What is known of how a provider takes calls, as settings of a connection."""

from typing import Any

from telephony.outbound import Codec, DialSpelling, Encryption, Identity
from telephony.providers import Preset


def settings_from(preset: Preset) -> dict[str, Any]:
    """The `out_…` values that the preset knows, as JSON holds them; never the server.

    Whoever enters the server switches calls out on, and they cost money: that is a person's step.
    """
    found: dict[str, Any] = {"out_transport": preset.transport.value}
    spelling = preset.spelling_out and preset.spelling_out.value
    if spelling in DialSpelling.values:
        found["out_spelling"] = spelling
    if preset.from_is_login:
        found["out_from_login"] = preset.from_is_login.value
    if preset.identity_header and preset.identity_header.value in Identity.values:
        found["out_identity"] = preset.identity_header.value
    if preset.codecs and ",".join(preset.codecs.value) in Codec.values:
        found["out_codecs"] = ",".join(preset.codecs.value)
    if preset.srtp:
        found["out_encryption"] = Encryption.ALLOW if preset.srtp.value else Encryption.OFF
    if preset.refer:
        found["out_refer"] = preset.refer.value
    if preset.calls_per_second:
        found["out_pace"] = preset.calls_per_second.value
    return found


def server_of(preset: Preset) -> str:
    """The provider's server for calls out; one that begins with a dot is an account's own."""
    if preset.outbound_host is None:
        return ""
    port = f":{preset.outbound_port}" if preset.outbound_port != 5060 else ""
    return preset.outbound_host.value + port
