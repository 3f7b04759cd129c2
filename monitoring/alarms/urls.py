"""Pages of alarms."""

from django.urls import path

from monitoring.alarms import answer_views, chain_views, channel_views

urlpatterns = [
    path("", channel_views.page, name="alarm-channels"),
    path("add/", channel_views.choose, name="alarm-choose"),
    path("add/<slug:kind>/", channel_views.add, name="alarm-add"),
    path("<int:pk>/", channel_views.change, name="alarm-change"),
    path("<int:pk>/try/", channel_views.try_out, name="alarm-try"),
    path("<int:pk>/switch/", channel_views.switch, name="alarm-switch"),
    path("<int:pk>/remove/", channel_views.remove, name="alarm-remove"),
    path("<int:pk>/telegram/", channel_views.telegram, name="alarm-telegram"),
    path("sent/", channel_views.log, name="alarm-log"),
    path("chain/", chain_views.page, name="alarm-chain"),
    path("chain/add/", chain_views.add, name="alarm-chain-add"),
    path("chain/<int:pk>/remove/", chain_views.remove, name="alarm-chain-remove"),
    path("chain/<int:pk>/up/", chain_views.up, name="alarm-chain-up"),
    path("watch/", chain_views.watch, name="alarm-watch"),
    path("watch/save/", chain_views.save_watch, name="alarm-watch-save"),
    path("watch/call/", chain_views.call_now, name="alarm-watch-call"),
    path("answer/<str:token>/", answer_views.answer, name="alarm-answer"),
]
