"""Lets a provider's plugin be imported on any thread. Importing this does it.

The library puts each plugin on a list that only its own command line reads, and refuses to do so
beside the main thread; but the web and the workers of the queue try voices and minds on others.
"""

from livekit.agents import Plugin


def _register(_cls: type[Plugin], plugin: Plugin) -> None:
    # One step, and so safe on every thread.
    Plugin.registered_plugins.append(plugin)


Plugin.register_plugin = classmethod(_register)  # type: ignore[method-assign, assignment]  # as above
