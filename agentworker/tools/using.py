"""One use of a tool: timed, bounded, and written down whatever comes of it."""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any

from agentworker.tools.kind import Config, Done, Kind, Scene
from agentworker.tools.line import Unable, Use

log = logging.getLogger(__name__)

# No tool keeps a caller waiting for longer.
LONGEST_SECONDS = 75.0
FAILED = {
    "ru": "К сожалению, сейчас это не получилось.",
    "en": "I am sorry, that did not work just now.",
}


async def use(kind: Kind, config: Config, scene: Scene, args: Mapping[str, Any]) -> Done:
    """What came of it; a failure is words too, since the talk goes on."""
    began, ok, done = time.perf_counter(), False, Done(FAILED[scene.language])
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            done = await kind.run(config, scene, args)
        ok = True
    except Unable as why:
        done = Done(str(why), why.values)
    except TimeoutError:
        log.warning("a tool of kind %s took too long", kind.slug)
    except Exception as error:
        # Its message may hold what the caller said.
        log.warning("a tool of kind %s failed: %s", kind.slug, type(error).__name__)
    finally:
        spent = round(1000 * (time.perf_counter() - began))
        scene.line.used(Use(str(config["name"]), kind.slug, ok, spent, done.values))
    return done
