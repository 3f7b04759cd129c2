"""What a reader may open."""

from datetime import datetime
from typing import Any

from django import template
from django.contrib.auth.models import AnonymousUser
from django.db.models import Model
from django.utils.formats import date_format
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from veyra.models import User

register = template.Library()


@register.filter
def contents_for(field: Any, user: User | AnonymousUser) -> SafeString:
    """A field that is only read; another row is a link for whoever may open that row's page."""
    found = getattr(field, "resolved_field", None)
    row = found[2] if found else None
    if isinstance(row, Model) and not _may_view(user, row):
        return conditional_escape(str(row))
    # unfold shows a moment that a method gives as Python writes it.
    if found and found[0] is None and isinstance(row, datetime):
        return conditional_escape(date_format(localtime(row), "DATETIME_FORMAT"))
    contents: SafeString = field.contents() if found is not None else SafeString()
    return contents


def _may_view(user: User | AnonymousUser, row: Model) -> bool:
    """As the admin decides it."""
    app, name = row._meta.app_label, row._meta.model_name
    return user.has_perm(f"{app}.view_{name}") or user.has_perm(f"{app}.change_{name}")
