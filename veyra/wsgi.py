"""HTTP without sockets, for tools that ask for WSGI."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "veyra.settings")
application = get_wsgi_application()
