"""Links by which a person sets a new password, once: for a letter, or to copy."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.urls import reverse

from veyra import live
from veyra.accounts import sessions
from veyra.models import User


def named(name: str) -> User | None:
    """Who logs in with this name."""
    return User.objects.filter(username=name).first()


def new_password(user: User) -> str:
    """The whole address. It is used up by the new password, and by any login before it."""
    token = default_token_generator.make_token(user)
    path = reverse(
        "account_reset_password_from_key",
        kwargs={"uidb36": user_pk_to_url_str(user), "key": token},
    )
    return f"{settings.PUBLIC_URL}{path}"


@transaction.atomic
def drop_second_factor(user: User) -> int:
    """All factors and recovery codes; whoever is logged in as him is so no more. How many went."""
    gone, _kinds = Authenticator.objects.filter(user_id=user.pk).delete()
    sessions.end(sessions.live_of(user.pk))
    transaction.on_commit(lambda: live.changed("rights", user.pk))
    return int(gone)
