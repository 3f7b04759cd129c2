"""Puts pip into this virtual environment where Python came without it (a bare Debian).

Standard library only. PIP_INDEX_URL names another index; the wheel is checked by its hash.
"""

import hashlib
import os
import re
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from pathlib import Path

WHEEL = "pip-26.3-py3-none-any.whl"
SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"


def fetch(index: str) -> bytes:
    """The wheel's bytes. Raises OSError where the index is away or has no such file."""
    page_url = f"{index.rstrip('/')}/pip/"
    with urllib.request.urlopen(page_url, timeout=30) as page:  # noqa: S310  # the index is configured
        links = re.findall(r'href="([^"]+)"', page.read().decode())
    for link in links:
        if WHEEL in link:
            url = urllib.parse.urljoin(page_url, link)
            with urllib.request.urlopen(url, timeout=60) as file:  # noqa: S310  # likewise
                return bytes(file.read())
    raise OSError(f"{page_url} has no {WHEEL}")


def main() -> None:
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple")
    try:
        wheel = fetch(index)
    except OSError as error:
        sys.exit(f"pip could not be fetched: {error}. Install it: sudo apt install python3-venv")
    if hashlib.sha256(wheel).hexdigest() != SHA256:
        sys.exit("pip could not be fetched: the file is not the one that was asked for.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / WHEEL
        path.write_bytes(wheel)
        command = [sys.executable, str(path / "pip"), "install", "--no-index", str(path)]
        sys.exit(subprocess.run(command, check=False).returncode)  # noqa: S603  # our own command


if __name__ == "__main__":
    main()
