"""Ids as LiveKit makes them: ST_4wGm9Qq7LrTz."""

import secrets
import string

ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str) -> str:
    return prefix + "".join(secrets.choice(ALPHABET) for _ in range(12))
