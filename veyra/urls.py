"""Doors to the outside. Apps are named by string only."""

from django.contrib import admin
from django.urls import include, path
from django.utils.module_loading import import_string
from django.views.i18n import JavaScriptCatalog

urlpatterns = [
    path("", include("veyra.accounts.urls")),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("i18n/js/", JavaScriptCatalog.as_view(), name="javascript-catalog"),
    path("api/v1/", include("veyra.api")),
    path("api-keys/", include("veyra.rest.key_urls")),
    path("internal/parts/", include("recordings.part_urls")),
    path("provider-keys/", include("agentworker.key_urls")),
    path("", include("veyra.people_urls")),
    path("", include("agentworker.urls")),
    path("", include("telephony.urls")),
    path("", include("agentworker.trying.urls")),
    path("recordings/keeping/", include("recordings.keeping_urls")),
    path("", include("recordings.urls")),
    path("", include("recordings.stream_urls")),
    path("", include("monitoring.urls")),
]

handler403 = "veyra.people.forbidden"
handler404 = "veyra.people.not_found"
handler500 = "veyra.people.broken"
# Doors that are no pages, before all pages.
http_urlpatterns = [
    *import_string("telephony.webhook_door.http_urlpatterns"),
    *import_string("recordings.sound_door.http_urlpatterns"),
]
websocket_urlpatterns = import_string("monitoring.consumers.websocket_urlpatterns")
