"""Host names of a test, in a process that has this folder in its PYTHONPATH.

HOSTS_FILE names a JSON file, read at each question: {"sip.provider.example": ["127.0.0.4"]}.
"""

import json
import os
import socket
from pathlib import Path
from typing import Any

_ask = socket.getaddrinfo


def getaddrinfo(host: Any, port: Any, *args: Any, **options: Any) -> Any:
    path = os.environ.get("HOSTS_FILE")
    known = json.loads(Path(path).read_text()) if path else {}
    if host not in known:
        return _ask(host, port, *args, **options)
    return [found for ip in known[host] for found in _ask(ip, port, *args, **options)]


socket.getaddrinfo = getaddrinfo
