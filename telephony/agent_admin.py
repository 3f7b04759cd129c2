"""The pages of assistants, where the line is known: archiving one shows whom callers would miss."""

from django.contrib import admin

from agentworker.admin import AgentAdmin
from agentworker.models import Agent
from telephony.keeping import KeepingAdmin

admin.site.unregister(Agent)


@admin.register(Agent)
class LineAgentAdmin(KeepingAdmin, AgentAdmin):
    """An assistant that is archived answers nobody."""
