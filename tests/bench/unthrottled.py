"""Veyra's web without its two throttles, so that the chain is timed and no pause in it.

Otherwise a row that was sent rests for a quarter of a second, what changed within a moment is read
together, and what is said to workers within 0.05 s becomes one message.
"""

from veyra.asgi import application  # isort: skip  # it sets Django up

from monitoring.hub import Hub
from veyra import celery

__all__ = ["application"]

(Hub.__init__.__kwdefaults__ or {}).update(interval=0.0, together=0.0)
celery.COALESCE_SECONDS = 0.0
