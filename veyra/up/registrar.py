"""The Kamailio of this installation, from our settings."""

import ipaddress
import os
import subprocess

from django.conf import settings
from django.utils.translation import gettext as _

from veyra.kamailio.config import (
    INSTALL,
    OLDEST,
    Front,
    command,
    hidden,
    inside,
    program,
    read_version,
    write,
)
from veyra.livekit.config import AUTO
from veyra.up.address import public_address
from veyra.up.preflight import check_socket_path
from veyra.up.trouble import Trouble

RULES = settings.BASE_DIR / "deploy/registrar/kamailio.cfg"


def become_kamailio() -> None:
    """Turn this process into Kamailio. Raises Trouble, and never returns."""
    ready = made_ready(public_host())
    if not ready:
        raise Trouble(_("Kamailio is not installed. Install it: %(line)s") % {"line": INSTALL})
    os.execv(ready[0], ready)  # noqa: S606  # the command is ours


def made_ready(public: str) -> tuple[str, ...]:
    """Kamailio's command, its files written; empty where it is not installed. Raises Trouble.

    `public` is our address as providers see it.
    """
    kamailio = program()
    if not kamailio:
        return ()
    if _version(kamailio) < OLDEST:
        raise Trouble(
            _("Kamailio on this machine is too old. It takes 5.6, which Debian 12 has, or newer.")
        )
    front = our_front(public)
    write(front, RULES)
    return tuple(command(front, kamailio))


def our_front(public: str) -> Front:
    """Raises Trouble where its socket cannot be made, or no provider's certificate be trusted."""
    check_socket_path(settings.REGISTRAR_SOCKET)
    if not settings.REGISTRAR_CA.exists():
        raise Trouble(
            _("REGISTRAR_CA names %(path)s, and nothing is there. Write a file or folder of CAs.")
            % {"path": settings.REGISTRAR_CA}
        )
    return Front(
        listen=settings.SIP_LISTEN,
        public=public,
        port=settings.REGISTRAR_PORT,
        inner_ip=hidden(settings.SECRET_KEY),
        gateway_ip=inside(settings.SIP_LISTEN),
        gateway_port=settings.SIP_PORT,
        folder=settings.STATE / "run",
        socket=settings.REGISTRAR_SOCKET,
        ca=settings.REGISTRAR_CA,
    )


def public_host() -> str:
    """Our IPv4 address as providers see it. Raises Trouble where nobody can say."""
    if not settings.PUBLIC_IP:
        return inside(settings.SIP_LISTEN)
    # What `manage.py up` found out stands in SIP_HOST.
    known = settings.SIP_HOST if settings.PUBLIC_IP == AUTO else settings.PUBLIC_IP
    found = known if _is_reachable(known) else public_address()
    if not found:
        raise Trouble(
            _(
                "No IPv4 address of this machine is known, so no provider can be told where to "
                "send calls. Write it: PUBLIC_IP=203.0.113.7"
            )
        )
    return found


def _version(kamailio: str) -> tuple[int, int]:
    said = subprocess.run([kamailio, "-v"], capture_output=True, text=True, check=False)
    return read_version(said.stdout)


def _is_reachable(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return address.version == 4 and not address.is_loopback
