"""HTTP and sockets, for uvicorn."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "veyra.settings")
http = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402  # needs the app registry
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402  # needs the app registry
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402  # likewise

from veyra.urls import websocket_urlpatterns  # noqa: E402  # likewise

application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": AllowedHostsOriginValidator(
            AuthMiddlewareStack(URLRouter(websocket_urlpatterns))
        ),
    }
)
