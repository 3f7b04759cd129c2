"""Pages of incidents."""

from django.urls import path

from monitoring.incidents import hands_views, rule_views, views

urlpatterns = [
    path("", views.page, name="incidents"),
    path("rules/", rule_views.rules, name="incident-rules"),
    path("rules/<slug:slug>/", rule_views.rule, name="incident-rule"),
    path("silences/", rule_views.silences, name="silences"),
    path("silences/<int:pk>/lift/", rule_views.lift, name="silence-lift"),
    path("<uuid:pk>/", views.incident, name="incident"),
    path("<uuid:pk>/report/", views.report, name="incident-report"),
    path("<uuid:pk>/acknowledge/", hands_views.acknowledge, name="incident-acknowledge"),
    path("<uuid:pk>/comment/", hands_views.comment, name="incident-comment"),
    path("<uuid:pk>/assign/", hands_views.assign, name="incident-assign"),
    path("<uuid:pk>/snooze/", hands_views.snooze, name="incident-snooze"),
    path("<uuid:pk>/resolve/", hands_views.resolve, name="incident-resolve"),
    path("<uuid:pk>/reopen/", hands_views.reopen, name="incident-reopen"),
    path("<uuid:pk>/step/", hands_views.step, name="incident-step"),
    path("<uuid:pk>/call-back/", hands_views.call_back, name="incident-call-back"),
]
