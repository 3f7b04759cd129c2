"""Making an invitation, and becoming one of the people by it."""

from collections.abc import Iterable

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from agentworker.models import Place
from monitoring.people_page import staff
from monitoring.people_page.models import Invite
from veyra.accounts import mail
from veyra.models import SecurityEvent, User

USED = gettext_noop("%(name)s came by an invitation of %(by)s.")


class UsedUpError(Exception):
    """Somebody was faster, or it is too old."""


def invite(invitation: Invite, places: Iterable[Place], by: User) -> str:
    """Saves it; the link for its guest, which nobody can read again."""
    token = invitation.renew()
    invitation.made_by = by
    with transaction.atomic():
        invitation.save()
        invitation.places.set(places)
    return link(token)


def again(invitation: Invite) -> str:
    """A new link for seven more days; the old one opens nothing."""
    token = invitation.renew()
    invitation.save(update_fields=["digest", "expires_at"])
    return link(token)


def link(token: str) -> str:
    return f"{settings.PUBLIC_URL}{reverse('join', args=[token])}"


def post(address: str, url: str) -> tuple[bool, str]:
    """The link as a letter: whether the mail server took it, and that as a sentence."""
    text = _("You are invited to Veyra. By this link you make your login, within seven days:")
    return mail.send(address, _("Veyra: an invitation"), f"{text}\n\n{url}\n")


@transaction.atomic
def accept(invitation: Invite, username: str, password: str) -> User:
    """The new person. Raises UsedUpError; IntegrityError where the name was just taken."""
    still = Invite.objects.open(timezone.now()).filter(pk=invitation.pk)
    if not still.update(used_at=timezone.now()):
        raise UsedUpError
    user = User.objects.create_user(
        username,
        invitation.email,
        password,
        first_name=invitation.name,
        is_staff=True,
        language=translation.get_language() or "",
    )
    staff.give_role(user, invitation.role)
    staff.give_places(user, invitation.places.all())
    by = invitation.made_by.get_username() if invitation.made_by else "—"
    SecurityEvent.note(SecurityEvent.Kind.INVITE_USED, user, USED, name=username, by=by)
    return user
