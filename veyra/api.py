"""The doors for other programs. Apps are named by string only."""

from django.urls import path
from django.utils.module_loading import import_string
from rest_framework.routers import SimpleRouter

from veyra.rest import documents

VIEWS = (
    ("calls", "telephony.api_calls.CallViewSet"),
    ("calls", "monitoring.api.TranscriptViewSet"),
    ("numbers", "telephony.api.PhoneNumberViewSet"),
    ("trunks", "telephony.api.TrunkViewSet"),
    ("rules", "telephony.api.DispatchRuleViewSet"),
    ("agents", "telephony.api_agents.AgentViewSet"),
    ("recordings", "recordings.api.RecordingViewSet"),
    ("rooms", "recordings.api.RoomViewSet"),
    ("streams", "recordings.api_streams.StreamViewSet"),
    ("ingresses", "recordings.api_streams.IngressViewSet"),
    ("incidents", "monitoring.api.IncidentViewSet"),
    ("health", "monitoring.api.HealthViewSet"),
)

router = SimpleRouter(use_regex_path=False)
for prefix, dotted in VIEWS:
    name = dotted.rsplit(".", 1)[1].removesuffix("ViewSet").lower()
    router.register(prefix, import_string(dotted), basename=f"api-{name}")

urlpatterns = [
    *router.urls,
    path("schema/", documents.schema, name="schema"),
    path("docs/", documents.docs, name="docs"),
    path("<path:rest>", documents.Nothing.as_view()),
]
