"""What an assistant is, as a person wrote it: the columns that a draft and a version share."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Language(models.TextChoices):
    RUSSIAN = "ru", _("Russian")
    ENGLISH = "en", _("English")
    # Begins in Russian, and goes on in the language in which the caller answers.
    AUTO = "auto", _("as the caller speaks")


class Content(models.Model):
    """Abstract. Lists and mappings are plain JSON; who reads them names their shape."""

    language = models.CharField(_("language"), max_length=8, choices=Language.choices)
    greeting = models.TextField(_("greeting"))
    # How it behaves, in a person's own words: read by its mind, never said.
    instructions = models.TextField(_("how it behaves"), blank=True)
    # [{"press": "1", "say": "..."}], in the order in which the greeting menu names them
    menu: "models.JSONField[Any, Any]" = models.JSONField(default=list, blank=True)
    # [{"words": ["price", "cost"], "say": "..."}], first match answers
    rules: "models.JSONField[Any, Any]" = models.JSONField(default=list, blank=True)
    fallback = models.TextField(_("when it did not understand"), blank=True)
    goodbye = models.TextField(_("goodbye"), blank=True)
    # Asked before "if you agree, press …", where the call is recorded only then; empty: our words.
    consent = models.TextField(_("question about the recording"), blank=True)
    # {"ears": [choice, …], "mind": […], "voice": […]}: who hears, thinks and speaks, the first that
    # works (providers.catalog.Choice as a mapping); what is missing is ours, offline.
    speech: "models.JSONField[Any, Any]" = models.JSONField(default=dict, blank=True)
    # [{"kind": "transfer", …}]: what it may do (agentworker.tools)
    tools: "models.JSONField[Any, Any]" = models.JSONField(default=list, blank=True)
    # ["…"]: keys of the documents that it knows
    knowledge: "models.JSONField[Any, Any]" = models.JSONField(default=list, blank=True)
    # [{"name": "wish", "label": "What he wants"}]: what is noted of each call when it is over
    noting: "models.JSONField[Any, Any]" = models.JSONField(default=list, blank=True)

    class Meta:
        abstract = True
