"""Which Veyra this is."""

import tomllib
from functools import cache

from django.conf import settings


@cache
def version() -> str:
    """As pyproject.toml says."""
    text = (settings.BASE_DIR / "pyproject.toml").read_text()
    return str(tomllib.loads(text)["project"]["version"])
