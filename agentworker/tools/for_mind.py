"""A tool in the shape in which the agent library gives it to a mind."""

from typing import Any

from livekit.agents import RunContext, llm

from agentworker.tools.kind import Config, Kind, Scene
from agentworker.tools.using import use


def schema_of(kind: Kind, config: Config, language: str) -> dict[str, Any]:
    """As a language model reads it."""
    parameters = kind.parameters(config, language)
    about = [kind.about(config, language), str(config.get("when") or "")]
    return {
        "name": config["name"],
        "description": " ".join(filter(None, about)),
        "parameters": {
            "type": "object",
            "properties": {p.name: {"type": p.type, "description": p.about} for p in parameters},
            "required": [p.name for p in parameters if p.is_required],
        },
    }


def as_tool(kind: Kind, config: Config, scene: Scene) -> llm.Tool:
    async def run(context: RunContext[Any], raw_arguments: dict[str, object]) -> llm.ToolResult:
        if kind.waits:
            await context.wait_for_playout()
        done = await use(kind, config, scene, raw_arguments)
        return llm.ToolResult(done.text, reply_required=bool(done.text))

    return llm.function_tool(run, raw_schema=schema_of(kind, config, scene.language))
