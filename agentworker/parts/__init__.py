"""Sections of an assistant's page that are forms of their own. Each lies in its own file here.

`laid.py` names those that the page has, in their places.
"""

from abc import ABCMeta, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.forms.forms import DeclarativeFieldsMetaclass
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from agentworker.content import Content
from agentworker.models import Agent
from agentworker.providers.choosing import has_mind
from agentworker.services import Words
from veyra.models import User
from veyra.stale import Disagreement, compared


class _Kind(DeclarativeFieldsMetaclass, ABCMeta):
    """Of a form that whoever inherits it has to finish."""


class Part(forms.Form, metaclass=_Kind):
    """A piece of the form of an assistant. Its fields are named `<name>-…` on the page.

    `section`: of forms.SECTIONS, where it stands. `template`: gets `part`, and what `extra` gives.
    """

    name: ClassVar[str]
    section: ClassVar[str]
    template: ClassVar[str]

    def __init__(self, *args: Any, agent: Agent, user: User | None = None, **kwargs: Any) -> None:
        """`agent` may be a new one, which has no pk yet."""
        super().__init__(*args, **{"prefix": self.name, **kwargs})
        self.agent, self.user = agent, user

    @classmethod
    @abstractmethod
    def initial_from(cls, content: Content | Words) -> dict[str, Any]:
        """What its fields hold as it is written now."""

    @abstractmethod
    def into(self, words: Words) -> Words:
        """The words with what a valid part holds (dataclasses.replace)."""

    @classmethod
    def told(cls, words: Words) -> Iterable[tuple[str, str]]:
        """(label, text) of each thing in it, as people read it where two versions are compared."""
        return ()

    def disagreements(self) -> Iterable[Disagreement]:
        """What it holds that is not as somebody else saved it meanwhile."""
        return compared(self)

    @property
    def has_mind(self) -> bool:
        """Whether a provider thinks for it, as it is written now."""
        written = self.agent.written() if self.agent.pk else None
        return written is not None and has_mind(written.speech)

    def save(self) -> None:
        """Rows of its own, if it has any; called when the draft is saved and the agent has a pk."""

    def extra(self) -> dict[str, Any]:
        """What its template needs besides `part`."""
        return {}

    def render_part(self) -> SafeString:
        return render_to_string(self.template, {"part": self, **self.extra()})
