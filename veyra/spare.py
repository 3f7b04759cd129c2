"""How much is left on this host: on its disks, and of its memory."""

import logging
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings

log = logging.getLogger(__name__)

GIGABYTE = 1_000_000_000


def of_disks(folders: Iterable[str]) -> tuple[float, str]:
    """Of the fullest: gigabytes that are free, and its folder. Raises OSError."""
    return min((shutil.disk_usage(each).free / GIGABYTE, each) for each in folders)


def of_memory() -> float:
    """Percent that are free."""
    told = psutil.virtual_memory()
    return float(100 * told.available / told.total)


def measured() -> dict[str, Any]:
    """{"disk": gigabytes, "folder": where, "memory": percent}; empty where the host does not tell.

    Only of folders that a host has for itself: one that hangs in the network would hold us up.
    """
    own = {str(each) for each in (settings.STATE, settings.SPOOL_DIR) if Path(each).is_dir()}
    try:
        disk, folder = of_disks(own or {"/"})
        return {"disk": round(disk, 1), "folder": folder, "memory": round(of_memory(), 1)}
    except OSError:
        log.warning("this host does not tell what is left on it", exc_info=True)
        return {}
