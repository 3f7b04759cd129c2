"""The way from a checkout to running programs: look, prepare, choose, write down, keep alive."""

import fcntl
import os
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError
from django.utils.translation import gettext as _

from veyra.environment import NONE
from veyra.kamailio.config import hidden, program
from veyra.livekit.config import AUTO
from veyra.livekit.probe import server_answers
from veyra.up import build, keeper, preflight, tools
from veyra.up.address import public_address
from veyra.up.background import LOCK
from veyra.up.build import Say
from veyra.up.choose import Choice, Facts, Kind, choose
from veyra.up.foreign import NAMES, Foreign
from veyra.up.livekit_files import Kept, write_livekit_files, write_private
from veyra.up.login import first_login
from veyra.up.preflight import Port
from veyra.up.programs import Layout, programs, supervisord_conf
from veyra.up.registrar import made_ready, public_host
from veyra.up.summary import Address, summary
from veyra.up.trouble import CannotBuild, Trouble

# Lies in the state folder while what is published there belongs to the simulator.
SIMULATED = "simulated"


@dataclass(frozen=True)
class Start:
    layout: Layout
    choice: Choice
    login: tuple[str, str] | None


def up(say: Say) -> int:
    """Start everything and keep it until a signal. The exit code; raises Trouble."""
    layout = layout_of_this_machine()
    with _alone(layout.state):
        _look(layout)
        address = _address()
        layout = replace(layout, kamailio=_kamailio(say))
        start = _prepare(layout, say)
        conf = layout.run / "supervisord.conf"
        wanted = programs(layout, start.choice)
        text = supervisord_conf(layout, wanted)
        foreign = {each.name: each.command for each in wanted if each.name in NAMES}
        write_private(conf, text)
        files = Kept(layout.run)
        say(_("Starting…"))
        url = f"http://{layout.web_host}:{layout.web_port}"
        return keeper.keep(
            conf,
            ready=lambda: server_answers(url, path="/admin/login/"),
            begun=lambda pid: Foreign(pid, foreign, keeper.end, files).start(),
            tell=lambda: say(summary(start.choice, start.login, address, layout.logs)),
        )


def layout_of_this_machine() -> Layout:
    own_broker = not os.environ.get("REDIS_URL")
    return Layout(
        python=sys.executable,
        base=settings.BASE_DIR,
        state=settings.STATE,
        broker=tools.broker() if own_broker else "",
        web_host=settings.WEB_LISTEN,
        web_port=settings.PORT,
        uid=os.getuid(),
    )


def _alone(state: Path) -> IO[str]:
    """A lock that dies with this process. Raises Trouble where another start holds it."""
    lock = (state / LOCK).open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise Trouble(
            _("Veyra runs already with %(folder)s. Stop it, or set another VEYRA_STATE.")
            % {"folder": state}
        ) from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _look(layout: Layout) -> None:
    """Everything that would stop the start later is said now."""
    if layout.broker:
        preflight.check_socket_path(layout.broker_socket)
    if program():
        preflight.check_socket_path(settings.REGISTRAR_SOCKET)
    preflight.check_disk(layout.state)
    elsewhere = bool(os.environ.get("LIVEKIT_URL"))
    preflight.check_ports(wanted_ports(elsewhere, settings.SIMULATOR, bool(program())))


def wanted_ports(livekit_is_elsewhere: bool, simulated: bool, kamailio: bool) -> list[Port]:
    """The ports that this start will take."""
    ports = [Port(settings.PORT, "PORT", settings.WEB_LISTEN)]
    if not livekit_is_elsewhere:
        ports.append(Port(settings.LIVEKIT_PORT, "LIVEKIT_PORT"))
    if simulated:
        return ports
    ports.append(Port(settings.AGENT_PORT, "AGENT_PORT"))
    if livekit_is_elsewhere:
        return ports
    ports += [
        Port(settings.LIVEKIT_UDP_PORT, "LIVEKIT_UDP_PORT", udp=True),
        Port(settings.SIP_PORT, "SIP_PORT", settings.SIP_LISTEN, udp=True),
        Port(settings.SIP_PORT, "SIP_PORT", settings.SIP_LISTEN),
    ]
    if settings.PUBLIC_IP:
        ports.append(Port(settings.LIVEKIT_TCP_PORT, "LIVEKIT_TCP_PORT", settings.SIP_LISTEN))
    return [*ports, *_registrar_ports()] if kamailio else ports


def _registrar_ports() -> list[Port]:
    name, listen, port = "REGISTRAR_PORT", settings.SIP_LISTEN, settings.REGISTRAR_PORT
    return [
        Port(port, name, listen, udp=True),
        Port(port, name, listen),
        Port(port + 1, name, listen),
        Port(port + 2, name, hidden(settings.SECRET_KEY), udp=True),
    ]


def _prepare(layout: Layout, say: Say) -> Start:
    for folder in (layout.run, layout.logs, layout.state / "spool", layout.state / "media"):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        build.frontend(layout.base, layout.state, say)
    except CannotBuild as failure:
        say(_("Calls from the browser will not work: %(reason)s") % {"reason": failure})
    _migrate(say)
    choice = choose(_facts(layout, say))
    _remember(choice, layout.state)
    write_livekit_files(layout.run)
    return Start(layout, choice, first_login(layout.state))


def _kamailio(say: Say) -> tuple[str, ...]:
    """Its command; empty where it is not there, or cannot be used, which is said then."""
    try:
        return made_ready(public_host())
    except Trouble as trouble:
        say(_("Providers that give only a login are not served: %(reason)s") % {"reason": trouble})
        return ()


def _migrate(say: Say) -> None:
    say(_("Database…"))
    try:
        call_command("migrate", verbosity=0, interactive=False)
        call_command("makeroles")
    except OperationalError as error:
        raise Trouble(
            _("The database does not answer. Look at DATABASE_URL, and whether it runs.")
        ) from error
    if not settings.DEBUG:
        call_command("collectstatic", verbosity=0, interactive=False)


def _facts(layout: Layout, say: Say) -> Facts:
    """What choose() needs to know; builds what is missing on the way."""
    known = Facts(
        configured=os.environ.get("LIVEKIT_URL", ""),
        wants_simulator=settings.SIMULATOR,
        real_line=_real_line(layout.state),
        debug=settings.DEBUG,
    )
    if known.configured or known.wants_simulator:
        return known
    found = shutil.which("livekit-server") or ""
    try:
        server = found or build.server(layout.base, layout.state, say)
    except CannotBuild as failure:
        return replace(known, build_failure=str(failure))
    gateway, failure_text = _gateway(layout, say)
    return replace(
        known,
        server=server,
        server_is_ours=not found,
        gateway=gateway,
        gateway_failure=failure_text,
    )


def _gateway(layout: Layout, say: Say) -> tuple[str, str]:
    """The gateway's path, or why there is none."""
    if found := shutil.which("livekit-sip"):
        return found, ""
    try:
        return build.gateway(layout.base, layout.state, say), ""
    except CannotBuild as failure:
        return "", str(failure)


def _real_line(state: Path) -> bool:
    published = apps.get_model("telephony", "PublishedObject").objects.exclude(livekit_id="")
    return published.exists() and not (state / SIMULATED).exists()


def _remember(choice: Choice, state: Path) -> None:
    """Tell later starts, and the programs of this one, what there is."""
    if choice.kind is Kind.SIMULATOR:
        os.environ["LIVEKIT_SIMULATED"] = "true"
        (state / SIMULATED).touch()
    else:
        (state / SIMULATED).unlink(missing_ok=True)
        if choice.server and not choice.gateway:
            os.environ.setdefault("SIP_TEST_TO", NONE)


def _address() -> Address:
    """Where this start is reached. What is not configured is told to the programs, too."""
    public = settings.PUBLIC_IP
    if public == AUTO:
        public = public_address() or ""
        if not public:
            raise Trouble(
                _(
                    "PUBLIC_IP=auto: no STUN server told this machine's address. "
                    "Write the address itself: make run PUBLIC_IP=203.0.113.7"
                )
            )
    return Address(
        web=settings.PUBLIC_URL,
        sip_host=os.environ.setdefault("SIP_HOST", public or settings.SIP_HOST),
        sip_port=settings.SIP_PORT,
        rtp_ports=settings.RTP_PORTS,
        public_ip=public,
        media_ports=(settings.LIVEKIT_TCP_PORT, settings.LIVEKIT_UDP_PORT),
        registrar_port=settings.REGISTRAR_PORT if program() else 0,
    )
