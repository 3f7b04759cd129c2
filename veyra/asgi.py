"""HTTP and sockets, for uvicorn."""

import gc
import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "veyra.settings")
http: Any = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402  # needs the app registry
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402  # needs the app registry
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402  # likewise
from django.urls import re_path  # noqa: E402  # likewise

from veyra.accounts.sockets import SecondFactorSockets  # noqa: E402  # likewise
from veyra.bodies import Bounded  # noqa: E402  # likewise
from veyra.urls import http_urlpatterns, websocket_urlpatterns  # noqa: E402  # likewise

application = ProtocolTypeRouter(
    {
        "http": Bounded(URLRouter([*http_urlpatterns, re_path("", http)])),
        "websocket": AllowedHostsOriginValidator(
            AuthMiddlewareStack(SecondFactorSockets(URLRouter(websocket_urlpatterns)))
        ),
    }
)

# What is loaded by now stays for good. Unless told so, the collector walks through all of it each
# time a page reads a line of ten thousand numbers, which takes a third of the page's time.
gc.collect()
gc.freeze()
