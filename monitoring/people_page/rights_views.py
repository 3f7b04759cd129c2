"""The page that says what each role may do."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from monitoring.people_page import rights
from veyra.doors import staff_page
from veyra.models import User


@staff_page("veyra.view_user")
def page(request: HttpRequest, user: User) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": _("Who may do what"),
        "columns": rights.columns(),
        "table": rights.table(),
    }
    return render(request, "monitoring/people/rights.html", context)
