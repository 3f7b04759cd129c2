"""Who sees only the numbers and calls of some places."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from agentworker.hours.models import Place
from agentworker.scope import Scope
from veyra import live
from veyra.models import User


class PlaceAccess(models.Model):
    """A person sees this place's numbers, and no others than those of his rows. Without a row he
    sees everything that his role lets him see.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="place_accesses"
    )
    # Null: the place is gone. He must not see everything because of that.
    place = models.ForeignKey(Place, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        verbose_name = _("place that a person sees")
        verbose_name_plural = _("places that people see")
        default_permissions = ()
        permissions: ClassVar[list[tuple[str, Any]]] = [
            ("view_every_number", gettext_noop("sees every number, whatever places he was given")),
        ]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["user", "place"], name="place_access_once")
        ]

    def __str__(self) -> str:
        return str(self.pk)


def places_of(user: User) -> list[Place]:
    """Those that he was given; none: he sees every number."""
    given = PlaceAccess.objects.filter(user=user).exclude(place=None).values("place")
    return list(Place.objects.filter(pk__in=given))


@transaction.atomic
def give(user: User, places: Iterable[Place]) -> None:
    """He sees these places from now on, and pages that he has open follow; none: every number."""
    wanted = {place.pk for place in places}
    rows = PlaceAccess.objects.filter(user=user)
    rows.exclude(place__in=wanted).delete()
    rows.filter(place=None).delete()
    PlaceAccess.objects.bulk_create(
        (PlaceAccess(user=user, place_id=pk) for pk in wanted), ignore_conflicts=True
    )
    user.__dict__.pop("_scope", None)
    live.changed("rights", user.pk)


def names(scope: Scope) -> list[str]:
    """Of what a person sees, to be told to him; [] where he sees everything."""
    if scope is None:
        return []
    return list(Place.objects.filter(pk__in=scope).values_list("name", flat=True))
