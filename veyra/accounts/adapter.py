"""What allauth asks of the project: who may log in, how often, and what is told of it."""

import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.app_settings import REAUTHENTICATION_TIMEOUT
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy, gettext_noop

from veyra import live, secrets
from veyra.accounts import second_factor, throttle
from veyra.accounts.forms import TOO_MANY
from veyra.models import SecurityEvent, User

FACTOR_OFF = gettext_noop("%(name)s switched off a second factor of his own.")
# The letters that allauth would write where somebody took a factor from his login.
OFF = {"mfa/email/totp_deactivated", "mfa/email/webauthn_removed"}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Nobody signs up: people are invited."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": TOO_MANY,
        "username_password_mismatch": gettext_lazy("The name or the password is wrong."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """As the server says; a header would be whatever somebody wrote into it."""
        return throttle.address_of(request) or "0.0.0.0"  # noqa: S104  # unknown, as the column wants it

    def is_reauthentication_required(self, *, app: str) -> bool:
        """Who has just logged in is asked for nothing again."""
        request = context.request
        records = get_authentication_records(request, request.user)
        lately = time.time() - REAUTHENTICATION_TIMEOUT
        if any(float(one.get("at", 0)) > lately for one in records):
            return False
        return bool(super().is_reauthentication_required(app=app))

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """allauth would count here, each web process for itself."""

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        tried = throttle.begin(request, _account(credentials))
        if tried is None:
            raise self.validation_error("too_many_login_attempts")
        user = super().authenticate(request, **credentials)
        if user:
            tried.was_right()
        return user

    def add_message(self, request: HttpRequest, level: int, *args: Any, **kwargs: Any) -> None:
        """That one is logged in he sees himself."""
        if args and str(args[0]).endswith(("logged_in.txt", "logged_out.txt")):
            return
        super().add_message(request, level, *args, **kwargs)

    def set_password(self, user: User, password: str) -> None:
        """A new password ends the person's other sessions, and so what they show."""
        super().set_password(user, password)
        live.changed("rights", user.pk)

    def send_notification_mail(
        self, template_prefix: str, user: User, *args: Any, **kwargs: Any
    ) -> None:
        """allauth says here what somebody changed in his login."""
        if template_prefix in OFF:
            SecurityEvent.note(
                SecurityEvent.Kind.FACTOR_OFF, user, FACTOR_OFF, name=user.get_username()
            )
        super().send_notification_mail(template_prefix, user, *args, **kwargs)


def _account(credentials: dict[str, Any]) -> User | None:
    return User.objects.filter(username=credentials.get("username") or "").first()


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    """Second factors: their secrets are encrypted, and who needs one keeps one."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": gettext_lazy("The code is wrong. Take the newest one."),
        "cannot_delete_authenticator": gettext_lazy(
            "Your role needs a second factor. Add another one first, then switch this one off."
        ),
    }

    def encrypt(self, text: str) -> str:
        return secrets.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return secrets.decrypt(encrypted_text)
        except secrets.SecretError as error:
            raise ValidationError(
                gettext_lazy(
                    "Your second factor cannot be read on this server. Ask an owner to reset it."
                )
            ) from error

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        others = second_factor.factors_of(authenticator.user).exclude(pk=authenticator.pk)
        return others.exists() or not second_factor.is_needed_by(authenticator.user)
