"""Which parts the page of an assistant has, in their order."""

from agentworker.parts import Part
from agentworker.parts.hours import HoursPart
from agentworker.parts.knowledge import KnowledgePart
from agentworker.parts.noting import NotingPart
from agentworker.parts.speech import SpeechPart
from agentworker.parts.tools import ToolsPart

PARTS: tuple[type[Part], ...] = (KnowledgePart, ToolsPart, SpeechPart, HoursPart, NotingPart)
