#!/usr/bin/env python3
"""Why do calls not come, or not get answered? It is `manage.py diagnose`, with its options."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OURS = ROOT / ".venv" / "bin" / "python"

if __name__ == "__main__":
    python = str(OURS) if OURS.exists() else sys.executable
    os.chdir(ROOT)
    os.execv(python, [python, "manage.py", "diagnose", *sys.argv[1:]])  # noqa: S606  # our own program
