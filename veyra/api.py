"""The REST router. Apps are named by string only."""

from django.utils.module_loading import import_string
from rest_framework.routers import DefaultRouter

VIEWS = {"calls": "telephony.api.CallViewSet", "numbers": "telephony.api.PhoneNumberViewSet"}

router = DefaultRouter()
for prefix, dotted in VIEWS.items():
    router.register(prefix, import_string(dotted), basename=prefix)

urlpatterns = router.urls
