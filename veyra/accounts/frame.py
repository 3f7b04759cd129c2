"""allauth's pages stand in the frame of the desk."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

OURS = ("/account/", "/admin/login/")


def frame(request: HttpRequest) -> dict[str, Any]:
    """What the frame needs, which pages of the desk bring themselves."""
    return admin.site.each_context(request) if request.path.startswith(OURS) else {}
