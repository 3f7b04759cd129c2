"""Whoever is removed leaves his name with what he did: who heard a call or changed a line must not
become unknown because he is gone.
"""

from collections.abc import Iterator

from django.contrib.admin.models import LogEntry
from django.db import models

from monitoring.incidents.models import Incident
from monitoring.mailing import Mailing
from telephony.models import Colleague
from veyra.models import User

# What is his, not what he did: it goes on without him.
HIS = {(Colleague, "user"), (Mailing, "owner"), (Incident, "assigned_to")}


def keep_name(user: User) -> None:
    """Before he is deleted, within the same transaction: an account by which nobody logs in, with
    his name, stands where it is written down who did something.
    """
    name = user.get_full_name() or user.get_username()
    former = User(
        username=f"removed-{user.pk}", first_name=name[:150], is_staff=False, is_active=False
    )
    former.set_unusable_password()
    User.objects.bulk_create([former])  # that is no change of anybody's
    for model, column in deeds():
        model._base_manager.filter(**{column: user}).update(**{column: former})


def deeds() -> Iterator[tuple[type[models.Model], str]]:
    """Each (model, column) that says who did something."""
    for relation in User._meta.get_fields(include_hidden=True):
        if isinstance(relation, models.ManyToOneRel):
            model, column = relation.related_model, relation.field.name
            if model is LogEntry or (
                relation.on_delete is models.SET_NULL and (model, column) not in HIS
            ):
                yield model, column
