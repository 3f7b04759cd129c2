"""The Django project, and the infrastructure that knows no telephony."""

from veyra.celery import app as celery_app

__all__ = ["celery_app"]
