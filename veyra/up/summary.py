"""What a start says when it is ready. Pure."""

from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _

from veyra.up.choose import Choice


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where people and providers reach this start. `media_ports` are LiveKit's TCP and UDP.

    `registrar_port` is 0 where lines that must register are not served.
    """

    web: str
    sip_host: str
    sip_port: int
    rtp_ports: tuple[int, int]
    public_ip: str
    media_ports: tuple[int, int]
    registrar_port: int = 0


def summary(choice: Choice, login: tuple[str, str] | None, address: Address, logs: Path) -> str:
    """The lines that a person needs now: address, first login, where to call."""
    lines = ["", _("Veyra is ready: %(url)s/admin/") % {"url": address.web}]
    if login:
        lines.append(
            _("First login: %(name)s, password: %(password)s")
            % {"name": login[0], "password": login[1]}
        )
    else:
        lines.append(_("Forgot the password? .venv/bin/python manage.py resetlogin admin"))
    lines += [choice.why, choice.gateway_why]
    if choice.gateway:
        lines += _calling(address)
    lines += [_("Logs: %(folder)s. Ctrl-C stops everything.") % {"folder": logs}, ""]
    return "\n".join(lines)


def _calling(address: Address) -> list[str]:
    where = {"host": address.sip_host, "port": address.sip_port}
    call = _("To call: sip:NUMBER@%(host)s:%(port)d, where NUMBER is one of yours.") % where
    if not address.public_ip:
        return [call, _("Only from this machine. For a provider: make run PUBLIC_IP=auto")]
    ports = {
        "sip": address.sip_port,
        "low": address.rtp_ports[0],
        "high": address.rtp_ports[1],
        "tcp": address.media_ports[0],
        "udp": address.media_ports[1],
    }
    lines = [
        call,
        _("Tell your provider: send calls to %(host)s:%(port)d, UDP or TCP.") % where,
        _(
            "Open in the firewall: %(sip)d udp and tcp, %(low)d-%(high)d udp (calls); "
            "%(tcp)d tcp, %(udp)d udp (browsers)."
        )
        % ports,
    ]
    if port := address.registrar_port:
        text = _(
            "For providers with a login and a password also: %(port)d udp and tcp, %(tls)d tcp."
        )
        lines.append(text % {"port": port, "tls": port + 1})
    return lines
