"""Kinds of events about providers; read without the agent library."""

# One of them fails or is back: {"part", "provider", "state": "failed" | "back", "error": of Kind}
FACT = "provider"
# Nobody is left who could be this part, and the conversation ends: {"part"}
BROKEN = "broken"
