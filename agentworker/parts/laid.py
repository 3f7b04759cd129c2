"""Which parts the page of an assistant has, in their order."""

from agentworker.parts import Part

PARTS: tuple[type[Part], ...] = ()
