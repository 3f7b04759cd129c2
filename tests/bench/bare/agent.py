"""A minimal livekit-agents worker, as its examples write one: a voice, a VAD, a greeting.

It speaks with the same voice as Veyra's offline assistant, so that only the house differs; or with
the provider at BENCH_PROVIDER, which also listens and thinks.
usage: BENCH_GREETING=... python -m tests.bench.bare.agent PORT
"""

import asyncio
import math
import os
import sys
from typing import Any

import django
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, JobProcess, inference
from livekit.plugins import openai

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "veyra.settings")
django.setup()

from agentworker.providers.espeak_voice import EspeakVoice  # noqa: E402  # needs Django

NAME = "bare"


def prewarm(process: JobProcess) -> None:
    process.userdata["vad"] = inference.VAD()
    process.userdata["voice"] = EspeakVoice("ru")


async def entrypoint(ctx: JobContext) -> None:
    url = os.environ.get("BENCH_PROVIDER", "")
    parts = provided(url) if url else {"tts": ctx.proc.userdata["voice"]}
    session: AgentSession[None] = AgentSession(vad=ctx.proc.userdata["vad"], **parts)
    await session.start(Agent(instructions=""), room=ctx.room)
    session.say(os.environ["BENCH_GREETING"])


def provided(url: str) -> dict[str, Any]:
    where: dict[str, Any] = {"base_url": url, "api_key": "none"}
    return {
        "stt": openai.STT(model="any", language="ru", use_realtime=False, **where),
        "llm": openai.LLM(model="any", **where),
        "tts": openai.TTS(model="any", voice="any", response_format="wav", **where),
        # The library's own model of the end of a turn knows no Russian.
        "turn_handling": {"turn_detection": "vad"},
    }


def idle() -> float:
    return 0.0


def main(port: int) -> None:
    server = AgentServer(
        ws_url=os.environ["LIVEKIT_URL"],
        api_key=os.environ["LIVEKIT_API_KEY"],
        api_secret=os.environ["LIVEKIT_API_SECRET"],
        host="127.0.0.1",
        port=port,
        setup_fnc=prewarm,
        num_idle_processes=2,
        # By default it takes no call while the machine is busy, as it is here.
        load_fnc=idle,
        load_threshold=math.inf,
    )
    server.rtc_session(entrypoint, agent_name=NAME)
    asyncio.run(server.run())


if __name__ == "__main__":
    main(int(sys.argv[1]))
