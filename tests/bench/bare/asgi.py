"""HTTP and sockets of the opponents, for the same uvicorn."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.bare.settings")
http = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402  # needs the app registry
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402  # likewise
from django.urls import path  # noqa: E402  # likewise

from tests.bench.bare.consumers import Echo, Renderer  # noqa: E402  # likewise

sockets = [path("ws/rows/", Renderer.as_asgi()), path("ws/echo/", Echo.as_asgi())]
application = ProtocolTypeRouter(
    {"http": http, "websocket": AuthMiddlewareStack(URLRouter(sockets))}
)
