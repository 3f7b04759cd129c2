"""Services of our own, for the time of a test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from agentworker.providers import net
from tests.providers import salute
from tests.providers.salute import Sber


@pytest.fixture(autouse=True)
def _near(settings: Any) -> None:
    """The providers of these tests stand on this machine."""
    settings.PROVIDER_NETWORKS = ["127.0.0.0/8"]


@pytest.fixture(autouse=True)
def _in_english(settings: Any) -> None:
    """What is told to nobody in particular."""
    settings.LANGUAGE_CODE = "en"


@pytest.fixture
def _no_tokens() -> Iterator[None]:
    """Nobody has exchanged a key yet."""
    from agentworker.providers import sber_door

    sber_door._tokens.clear()
    yield
    sber_door._tokens.clear()


@pytest.fixture
async def sber(tmp_path: Path, _no_tokens: None) -> AsyncIterator[Sber]:
    async with salute.serving(tmp_path) as made:
        yield made
        await net.close_all()
