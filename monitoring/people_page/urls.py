"""The page of the people."""

from django.urls import path

from monitoring.people_page import rights_views, views

urlpatterns = [
    path("", views.page, name="people"),
    path("rights/", rights_views.page, name="rights"),
    path("invite/", views.invite, name="people-invite"),
    path("mail/", views.try_mail, name="people-mail"),
    path("invites/<int:pk>/again/", views.invite_again, name="invite-again"),
    path("invites/<int:pk>/drop/", views.drop_invite, name="invite-drop"),
    path("<int:pk>/", views.person, name="person"),
    path("<int:pk>/link/", views.new_link, name="person-link"),
    path("<int:pk>/factor/", views.reset_factor, name="person-factor"),
    path("<int:pk>/sessions/", views.end_sessions, name="person-sessions"),
    path("<int:pk>/switch/", views.switch, name="person-switch"),
    path("<int:pk>/remove/", views.remove, name="person-remove"),
]
