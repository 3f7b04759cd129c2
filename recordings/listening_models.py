"""Who heard a recording, and who took it as a file."""

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from telephony.scope import OfCallsQuerySet

if TYPE_CHECKING:  # it imports us
    from recordings.models import Recording

# So many lines are shown of one recording.
SHOWN = 50
# Who asks for sound again so long after the last time listens anew.
PAUSE = timedelta(hours=1)


class ListeningQuerySet(OfCallsQuerySet["Listening"]):
    CALL = "recording__call"

    def named(self, visit: uuid.UUID) -> "Listening | None":
        return self.filter(pk=visit).first()

    def newest_of(self, recording: "Recording") -> Self:
        """The last of them, with who it was."""
        found = self.filter(recording=recording).select_related("user")
        return found.order_by("-began_at", "pk")[:SHOWN]


class Listening(models.Model):
    """One person heard a recording once, however many parts his player asked for; or took it."""

    class Form(models.TextChoices):
        SOUND = "sound", _("heard it")
        OGG = "ogg", _("took it as OGG")
        MP3 = "mp3", _("took it as MP3")
        WAV = "wav", _("took it as WAV")

    # Where it is a player's, the player chose it: all its requests name the same one.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recording = models.ForeignKey(
        "recordings.Recording", on_delete=models.CASCADE, related_name="listenings"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    form = models.CharField(_("what"), max_length=5, choices=Form.choices, default=Form.SOUND)
    began_at = models.DateTimeField(_("when"))
    # When sound was asked for last.
    seen_at = models.DateTimeField()

    objects = ListeningQuerySet.as_manager()

    class Meta:
        verbose_name = _("listening")
        verbose_name_plural = _("listenings")
        # Whoever sees a recording sees who heard it; nobody writes or removes a line.
        default_permissions = ()
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["recording", "-began_at"], name="listening_newest")
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def name(self) -> str:
        """Whom colleagues read."""
        return (self.user.get_full_name() or self.user.get_username()) if self.user else ""
