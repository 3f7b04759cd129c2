from django.urls import path

from agentworker import editor_views

urlpatterns = [
    path("assistants/words/", editor_views.words, name="assistant-words"),
    path("assistants/voice/", editor_views.voice, name="assistant-voice"),
]
