"""Whom to telephone when something is wrong: a short list that staff keep."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from monitoring.incidents.models import Contact
from veyra.admin import VeyraAdmin


@admin.register(Contact)
class ContactAdmin(VeyraAdmin):
    purpose = _(
        "Whom to telephone when something is wrong: the provider, whoever runs the server, the"
        " boss. They stand beside every incident."
    )
    list_display = ("name", "duty", "phone", "hours")
    fields = ("name", "duty", "phone", "hours", "position")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return Contact.objects.visible_to(request.user)
