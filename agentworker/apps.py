from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AgentworkerConfig(AppConfig):
    name = "agentworker"
    verbose_name = _("Assistants")
