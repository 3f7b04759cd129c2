"""A conversation in GigaChat's words, and its answers in those of the agent library. Pure."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from livekit.agents import llm, utils

SYSTEM = ("system", "developer")
# In FunctionCall.extra: by it GigaChat knows a call of its own again.
STATE = "sber_state"
KEPT = ("type", "description", "enum", "required", "properties", "items", "default")


def request(model: str, chat_ctx: llm.ChatContext, tools: list[llm.Tool]) -> dict[str, Any]:
    asked: dict[str, Any] = {"model": model, "messages": messages(chat_ctx), "stream": True}
    if functions := functions_of(tools):
        asked |= {"functions": functions, "function_call": "auto"}
    return asked


# What is asked


def messages(chat_ctx: llm.ChatContext) -> list[dict[str, Any]]:
    """One message of the system, and it is the first. Each call of a function is followed by what
    came of it; one without that is left out.
    """
    outputs = {
        item.call_id: item for item in chat_ctx.items if isinstance(item, llm.FunctionCallOutput)
    }
    system: list[str] = []
    rest: list[dict[str, Any]] = []
    for item in chat_ctx.items:
        if isinstance(item, llm.ChatMessage):
            text = item.text_content or ""
            if item.role in SYSTEM:
                system.append(text)
            elif text:
                rest.append({"role": item.role, "content": text})
        elif isinstance(item, llm.FunctionCall) and item.call_id in outputs:
            rest.extend(call_and_output(item, outputs[item.call_id]))
    told = "\n\n".join(filter(None, system))
    if not rest:
        return [{"role": "user", "content": told}]
    return [{"role": "system", "content": told}, *rest] if told else rest


def call_and_output(
    call: llm.FunctionCall, output: llm.FunctionCallOutput
) -> Iterable[dict[str, Any]]:
    asked: dict[str, Any] = {
        "role": "assistant",
        "content": "",
        "function_call": {"name": call.name, "arguments": parsed(call.arguments) or {}},
    }
    if call.extra.get(STATE):
        asked["functions_state_id"] = call.extra[STATE]
    yield asked
    # Anything but JSON is refused.
    known = parsed(output.output)
    content = known if isinstance(known, (dict, list)) else {"result": output.output}
    yield {
        "role": "function",
        "name": call.name,
        "content": json.dumps(content, ensure_ascii=False),
    }


def parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def functions_of(tools: list[llm.Tool]) -> list[dict[str, Any]]:
    described = llm.ToolContext(tools).parse_function_tools("openai", strict=False)
    return [
        {
            "name": each["function"]["name"],
            "description": each["function"].get("description", ""),
            "parameters": {"type": "object", "properties": {}}
            | plain(each["function"].get("parameters") or {}),
        }
        for each in described
    ]


def plain(schema: Mapping[str, Any], known: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Without references and alternatives, of which GigaChat knows nothing: what may be empty is
    merely not required, and of several types the first is taken.
    """
    known = schema.get("$defs", {}) if known is None else known
    if "$ref" in schema:
        return plain(known.get(str(schema["$ref"]).rpartition("/")[2], {}), known)
    for name in ("anyOf", "oneOf", "allOf"):
        options = [each for each in schema.get(name, []) if each.get("type") != "null"]
        if options:
            return plain({**schema, name: [], **options[0]}, known)
    found = {name: schema[name] for name in KEPT if name in schema}
    if isinstance(found.get("type"), list):
        found["type"] = next((each for each in found["type"] if each != "null"), "string")
    if "properties" in found:
        found["properties"] = {
            name: plain(each, known) for name, each in found["properties"].items()
        }
    if "items" in found:
        found["items"] = plain(found["items"], known)
    return {name: value for name, value in found.items() if value is not None}


# What is answered


def delta_of(delta: Mapping[str, Any]) -> llm.ChoiceDelta | None:
    """A part of an answer; None where it holds nothing."""
    call = delta.get("function_call")
    if isinstance(call, Mapping) and call.get("name"):
        arguments = call.get("arguments") or {}
        text = (
            arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        )
        made = llm.FunctionToolCall(
            name=str(call["name"]),
            arguments=text,
            call_id=utils.shortuuid("call_"),
            extra={STATE: delta.get("functions_state_id") or ""},
        )
        return llm.ChoiceDelta(role="assistant", tool_calls=[made])
    if delta.get("content"):
        return llm.ChoiceDelta(role="assistant", content=str(delta["content"]))
    return None


def usage_of(usage: Mapping[str, Any]) -> llm.CompletionUsage:
    asked, answered = usage.get("prompt_tokens") or 0, usage.get("completion_tokens") or 0
    return llm.CompletionUsage(
        prompt_tokens=asked,
        completion_tokens=answered,
        prompt_cached_tokens=usage.get("precached_prompt_tokens") or 0,
        total_tokens=usage.get("total_tokens") or asked + answered,
    )
