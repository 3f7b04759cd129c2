"""Keys for programs are made, and ended."""

from datetime import timedelta
from uuid import uuid4

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from knox.models import get_digest_token

from veyra import audit
from veyra.audit_entries import AuditEntry
from veyra.models import ApiKey, SecurityEvent, User
from veyra.role_names import NAMES
from veyra.sentences import Sentence

# Of the secret: what tells keys apart without knowing them (knox.settings.CONSTANTS).
START = 15
EVERY_NUMBER = "agentworker.view_every_number"
Action = AuditEntry.Action
MADE = gettext_noop("The key “%(key)s” was made: it may do what %(role)s may.")


def offered_roles(maker: User) -> list[Group]:
    """The roles that a service may get from him: none that may do more than he. A service belongs
    to no place, so it is made only by who sees every number.
    """
    own = maker.get_all_permissions()
    if EVERY_NUMBER not in own:
        return []
    groups = Group.objects.prefetch_related("permissions__content_type").order_by("name")
    return [group for group in groups if _rights(group) <= own]


def _rights(group: Group) -> set[str]:
    return {f"{p.content_type.app_label}.{p.codename}" for p in group.permissions.all()}


@transaction.atomic
def make(name: str, maker: User, days: int | None, role: Group | None = None) -> tuple[ApiKey, str]:
    """A key, and its secret, which nobody can read again. With a role it acts as a new service
    account, else as its maker. `days`: until it ends; None: never.
    """
    secret_digest, secret = get_digest_token()
    now = timezone.now()
    row = ApiKey.objects.create(
        digest=secret_digest,
        token_key=secret[:START],
        user=_service(name, role) if role else maker,
        expiry=now + timedelta(days=days) if days else None,
        name=name,
        is_service=role is not None,
        made_by=maker,
    )
    audit.record(row, _told(row), Action.CREATE)
    whose = Sentence(NAMES.get(role.name, role.name)).to_json() if role else str(maker)
    told = Sentence(MADE, {"key": name, "role": whose})
    SecurityEvent.objects.create(
        kind=SecurityEvent.Kind.KEY_MADE, user=maker, detail=told.to_json()
    )
    return row, secret


def _service(name: str, role: Group) -> User:
    """An account that no password, letter or page lets in."""
    user = User(username=f"service-{uuid4().hex[:12]}", first_name=name[:150], is_staff=False)
    user.set_unusable_password()
    user.set_up_at = timezone.now()
    user.save()
    user.groups.add(role)
    return user


@transaction.atomic
def end(row: ApiKey) -> None:
    """From now on nobody comes in by it. A service without a key is switched off; what it did stays
    under its name.
    """
    audit.record(row, _told(row), Action.DELETE)
    service = row.user if row.is_service else None
    ApiKey.objects.filter(pk=row.pk).delete()
    if service and not ApiKey.objects.filter(user=service).exists():
        User.objects.filter(pk=service.pk).update(is_active=False)


def _told(row: ApiKey) -> dict[str, list[str]]:
    return {"name": ["", row.name], "user": ["", row.user.get_username()]}
