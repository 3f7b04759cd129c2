"""What a kind of tool is: how a mind is told of it, and what it does."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise

from agentworker.providers.catalog import Access
from agentworker.tools.line import Line

# One tool of an assistant, as Content.tools has it: {"kind": …, "name": …, "when": …, …}.
Config = Mapping[str, Any]
Text = str | Promise


@dataclass(frozen=True)
class Scene:
    """Where a tool is used: in which language is spoken, on which line, what its assistant knows
    (keys of documents), and by what foreign addresses let us in (by ProviderKey.key).
    """

    language: str
    line: Line
    knowledge: Sequence[str] = ()
    accesses: Mapping[str, Access] = field(default_factory=dict)


@dataclass(frozen=True)
class Parameter:
    """What the mind fills in. `about` tells it with what; `type` is of JSON schema."""

    name: str
    about: str
    type: str = "string"
    is_required: bool = True


@dataclass(frozen=True)
class Done:
    """What came of a use. `text` is for the mind to go on with; empty: nothing more is said.

    `values`: as in Use.
    """

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """`about` tells a mind what the tool does, in the language "ru" or "en"; when it is to be used
    is staff's to say. `waits`: what is being said is heard to its end before it is used. `run` is
    given what the mind filled in; it raises Unable.
    """

    slug: str
    label: Text
    help: Text
    about: Callable[[Config, str], str]
    parameters: Callable[[Config, str], Sequence[Parameter]]
    run: Callable[[Config, Scene, Mapping[str, Any]], Awaitable[Done]]
    waits: bool = False
