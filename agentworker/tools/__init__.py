"""What an assistant may do besides speaking. The agent library is imported only where a mind is
given its tools, so pages may read this.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agentworker.providers.catalog import Access
from agentworker.script import DEEDS, Script
from agentworker.tools.calling import END, KEYS_KIND, MESSAGE, TRANSFER
from agentworker.tools.http import HTTP
from agentworker.tools.kind import Config, Kind, Scene
from agentworker.tools.line import Line
from agentworker.tools.looking_up import KNOWLEDGE
from agentworker.tools.using import FAILED, use

if TYPE_CHECKING:  # pages do without it
    from livekit.agents import llm

# In the order in which a page offers them.
KINDS: dict[str, Kind] = {
    kind.slug: kind for kind in (TRANSFER, MESSAGE, KNOWLEDGE, END, KEYS_KIND, HTTP)
}


def tools_for(
    script: Script, line: Line, accesses: Mapping[str, Access] | None = None
) -> "list[llm.Tool]":
    """What its mind is given. A kind that is unknown here (of a newer version) is left out."""
    from agentworker.tools.for_mind import as_tool

    scene = Scene(script.language, line, script.knowledge, accesses or {})
    known = (one for one in configs_of(script) if one["kind"] in KINDS)
    return [as_tool(KINDS[one["kind"]], one, scene) for one in known]


def configs_of(script: Script) -> tuple[Config, ...]:
    """Its tools, and those that need no settings: to which a key or a word leads, and the one that
    looks into its documents.
    """
    ways = [*(item.do for item in script.menu), *(rule.do for rule in script.rules)]
    led_to = set(ways) - {one["kind"] for one in script.tools}
    plain = [{"kind": do, "name": do} for do in DEEDS if do in led_to and do != "transfer"]
    has_it = any(one["kind"] == KNOWLEDGE.slug for one in script.tools)
    if script.knowledge and not has_it:
        plain.append({"kind": KNOWLEDGE.slug, "name": "look_up"})
    return (*script.tools, *plain)


def config_for(script: Script, do: str, whom: str) -> Config | None:
    """The tool to which a key or a word leads (MenuItem); None: there is none any more."""
    found = [one for one in configs_of(script) if one["kind"] == do]
    named = [one for one in found if str(one.get("whom", "")).casefold() == whom.casefold()]
    return next(iter(named if whom else found), None)


async def use_now(script: Script, line: Line, do: str, whom: str, args: Mapping[str, Any]) -> str:
    """Use a tool without a mind, as a key of the telephone does; what is to be said of it."""
    config = config_for(script, do, whom)
    if config is None:
        return FAILED[script.language]
    scene = Scene(script.language, line, script.knowledge)
    return (await use(KINDS[do], config, scene, args)).text
