"""Logging in, the second factor, and one's own login. Names are those that allauth asks for."""

from allauth.account import views as account
from allauth.mfa.base import views as factor
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkey
from django.urls import path, re_path

from veyra.accounts import views

PASSWORD = [
    path("account/password/", account.password_change, name="account_change_password"),
    path("account/password/set/", account.password_set, name="account_set_password"),
    path("account/forgotten/", views.forgotten, name="account_reset_password"),
    path(
        "account/forgotten/sent/",
        account.password_reset_done,
        name="account_reset_password_done",
    ),
    re_path(
        r"^account/new-password/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "account/new-password/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
]
FACTORS = [
    path("account/code/", factor.authenticate, name="mfa_authenticate"),
    path("account/confirm/code/", factor.reauthenticate, name="mfa_reauthenticate"),
    path("account/app/", totp.activate_totp, name="mfa_activate_totp"),
    path("account/app/off/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("account/codes/", codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("account/codes/new/", codes.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("account/codes/file/", codes.download_recovery_codes, name="mfa_download_recovery_codes"),
    path("account/keys/add/", passkey.add_webauthn, name="mfa_add_webauthn"),
    path("account/keys/login/", passkey.login_webauthn, name="mfa_login_webauthn"),
    path(
        "account/confirm/key/", passkey.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"
    ),
    path("account/keys/<int:pk>/remove/", passkey.remove_webauthn, name="mfa_remove_webauthn"),
    path("account/keys/<int:pk>/", passkey.edit_webauthn, name="mfa_edit_webauthn"),
]
# Where allauth would have pages of its own, one's login is one page.
MINE = [path("account/", views.mine, name=name) for name in ("mfa_list_webauthn", "mfa_index")]

urlpatterns = [
    path("admin/login/", views.login, name="account_login"),
    path("admin/password_change/", views.password_change),
    *PASSWORD,
    *FACTORS,
    *MINE,
    path("account/", views.mine, name="account"),
    path("account/address/", views.address, name="account-address"),
    path("account/confirm/", account.reauthenticate, name="account_reauthenticate"),
    path("account/logout/", account.logout, name="account_logout"),
    path("account/second-factor/", views.offer, name="second-factor"),
    path("account/sessions/<int:pk>/end/", views.end_session, name="session-end"),
    path("account/sessions/end/", views.end_others, name="sessions-end"),
]
