"""What an assistant may do besides speaking. The agent library is imported only where a mind is
given its tools, so pages may read this.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agentworker.providers.catalog import Access
from agentworker.script import Script
from agentworker.tools.calling import END, KEYS_KIND, MESSAGE, TRANSFER
from agentworker.tools.kind import Kind, Scene
from agentworker.tools.line import Line
from agentworker.tools.using import use

if TYPE_CHECKING:  # pages do without it
    from livekit.agents import llm

# In the order in which a page offers them.
KINDS: dict[str, Kind] = {kind.slug: kind for kind in (TRANSFER, MESSAGE, END, KEYS_KIND)}


def tools_for(
    script: Script, line: Line, accesses: Mapping[str, Access] | None = None
) -> "list[llm.Tool]":
    """What its mind is given. A kind that is unknown here (of a newer version) is left out."""
    from agentworker.tools.for_mind import as_tool

    scene = Scene(script.language, line, script.knowledge, accesses or {})
    return [as_tool(KINDS[one["kind"]], one, scene) for one in script.tools if one["kind"] in KINDS]


async def use_now(script: Script, line: Line, name: str, args: Mapping[str, Any]) -> str:
    """Use a tool without a mind, as a key of the telephone does; what is to be said of it.

    Raises KeyError where the assistant has none of this name.
    """
    config = next((one for one in script.tools if one["name"] == name), None)
    if config is None:
        raise KeyError(name)
    scene = Scene(script.language, line, script.knowledge)
    return (await use(KINDS[config["kind"]], config, scene, args)).text
