"""On what Veyra runs here, and how a person at the host restarts a program that reads nothing any
more.
"""

import os
import platform
from pathlib import Path

from veyra.running import Program

# Docker makes the one in each container, Kubernetes sets the other in each pod.
DOCKER, KUBERNETES = Path("/.dockerenv"), "KUBERNETES_SERVICE_HOST"
# In the kernel's name of the virtual machine that Docker Desktop starts on macOS and Windows.
DESKTOP = ("linuxkit", "microsoft")


def command_for(program: Program) -> str:
    """What to type on its host."""
    if program.is_near:
        # Whoever started us both looks after it, and starts it again.
        return f"kill -9 {program.pid}"
    if os.environ.get(KUBERNETES):
        return f"kubectl delete pod {program.host}"
    if DOCKER.exists():
        return f"docker compose restart {program.name}"
    # `make run` looks after its programs itself, and starts this one again.
    return f"kill -9 {program.pid}"


def command_for_name(name: str) -> str:
    """The same, of a program that never told of itself: LiveKit's, or a database's."""
    if os.environ.get(KUBERNETES):
        return f"kubectl rollout restart deployment/{name}"
    return f"docker compose restart {name}" if DOCKER.exists() else "make run"


def is_docker_desktop() -> bool:
    """Then no provider reaches the gateway, and callers' own addresses are not seen."""
    return DOCKER.exists() and any(word in platform.release().lower() for word in DESKTOP)
