"""What a browser is told that our pages may load and do, so that a text which got into one as code
does nothing there.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

# The page of the API is a library's, which starts itself by a script within it.
API_PAGE = "/api/v1/docs/"
# The microphone is for calls in the browser; nothing else of a machine is ours.
PERMISSIONS = "camera=(), geolocation=(), payment=(), usb=(), microphone=(self)"

# Nothing of a page stays on its way, nor in a browser for who sits down after its reader has left.
PRIVATE = "private, no-store"


def policy(own_socket: str, *, inline_scripts: bool = False) -> str:
    """The value of Content-Security-Policy. `own_socket`: where our live pages connect to.

    Alpine, which moves the admin's menus, makes functions of attributes, hence 'unsafe-eval'; no
    text of a person ever stands in such an attribute.
    """
    line = urlsplit(settings.LIVEKIT_PUBLIC_URL)
    schemes = ("wss", "https") if line.scheme in ("wss", "https") else ("ws", "http")
    sound = [f"{scheme}://{line.netloc}" for scheme in schemes]
    scripts = ["'self'", "'unsafe-eval'", *(["'unsafe-inline'"] if inline_scripts else [])]
    rules = {
        "default-src": ["'self'"],
        "script-src": scripts,
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:", "blob:"],
        "media-src": ["'self'", "blob:"],
        "font-src": ["'self'", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'", own_socket, *sound],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
    return "; ".join(f"{name} {' '.join(values)}" for name, values in rules.items())


class Headers:
    """Middleware; an answer that says something else of itself keeps it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        answer = self.get_response(request)
        socket = f"{'wss' if request.is_secure() else 'ws'}://{request.META.get('HTTP_HOST', '')}"
        is_api_page = request.path == API_PAGE
        rules = policy(socket, inline_scripts=is_api_page)
        answer.headers.setdefault("Content-Security-Policy", rules)
        answer.headers.setdefault("Permissions-Policy", PERMISSIONS)
        answer.headers.setdefault("Cache-Control", PRIVATE)
        return answer
