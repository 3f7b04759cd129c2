"""Pages of webhooks."""

from django.urls import path

from monitoring.hooks import views

urlpatterns = [
    path("", views.page, name="hooks"),
    path("add/", views.add, name="hook-add"),
    path("<int:pk>/", views.hook, name="hook"),
    path("<int:pk>/change/", views.change, name="hook-change"),
    path("<int:pk>/try/", views.try_out, name="hook-try"),
    path("<int:pk>/switch/", views.switch, name="hook-switch"),
    path("<int:pk>/renew/", views.renew, name="hook-renew"),
    path("<int:pk>/again/", views.again, name="hook-again"),
    path("<int:pk>/remove/", views.remove, name="hook-remove"),
]
