"""Plugins of the agent library, to be had on any thread.

The library puts each plugin on a list that only its own command line reads, and refuses to do so
beside the main thread; but the web and the workers of the queue try voices and minds on others.
"""

from importlib import import_module
from typing import Any

from livekit.agents import Plugin


def plugin(name: str) -> Any:
    """The module livekit.plugins.<name>."""
    return import_module(f"livekit.plugins.{name}")


def _register(_cls: type[Plugin], plugin: Plugin) -> None:
    # One step, and so safe on every thread.
    Plugin.registered_plugins.append(plugin)


Plugin.register_plugin = classmethod(_register)  # type: ignore[method-assign, assignment]  # as above
