from django.urls import path

from agentworker.trying import scenario_views, views

urlpatterns = [
    path("assistants/<int:pk>/try/", views.page, name="assistant-try"),
    path("assistants/<int:pk>/try/voice/", views.voice, name="assistant-try-voice"),
    path("assistants/<int:pk>/try/text/", views.text, name="assistant-try-text"),
    path("trials/<uuid:pk>/", views.lines, name="trial"),
    path("trials/<uuid:pk>/say/", views.say, name="trial-say"),
    path("assistants/<int:pk>/scenarios/", scenario_views.page, name="assistant-scenarios"),
    path("assistants/<int:pk>/scenarios/play/", scenario_views.play, name="scenarios-play"),
    path(
        "assistants/<int:pk>/scenarios/standing/",
        scenario_views.standing,
        name="scenarios-standing",
    ),
    path("assistants/<int:pk>/scenarios/new/", scenario_views.add, name="scenario-add"),
    path("scenarios/<int:pk>/", scenario_views.change, name="scenario"),
    path("scenarios/<int:pk>/play/", scenario_views.play_one, name="scenario-play"),
    path("scenarios/<int:pk>/delete/", scenario_views.delete, name="scenario-delete"),
]
