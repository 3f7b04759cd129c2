from django.urls import path

from agentworker import editor_views, tool_views
from agentworker.knowledge import views as knowledge_views

urlpatterns = [
    path("assistants/words/", editor_views.words, name="assistant-words"),
    path("assistants/tools/try/", tool_views.try_tool, name="assistant-tool-try"),
    path("assistants/voice/", editor_views.voice, name="assistant-voice"),
    path("assistants/knowledge/find/", knowledge_views.find, name="assistant-knowledge-find"),
    path("assistants/knowledge/<int:pk>/", knowledge_views.document, name="assistant-document"),
]
