"""The connection to SaluteSpeech, which ears and a voice need alike."""

from typing import Any

from agentworker.providers import grpc_door, sber_door
from agentworker.providers.errors import ProviderError

Metadata = tuple[tuple[str, str], ...]


class SaluteLine:
    """Raises ProviderError where the key's certificate is none."""

    def __init__(self, door: sber_door.Door) -> None:
        self._door, access = door, door.access
        address, roots = door.address("speech_address"), sber_door.roots(access)
        self._line = grpc_door.Line(address, access.proxy, roots)

    async def ready(self, seconds: float) -> tuple[Any, Metadata]:
        """A grpc.aio.Channel, and what shows there who we are. Raises APIError."""
        try:
            token = await self._door.token(sber_door.SPEECH)
        except ProviderError as problem:
            raise grpc_door.raised(problem) from problem
        return await self._line.ready(seconds), (("authorization", f"Bearer {token}"),)

    def refused(self) -> None:
        """The token was not taken: the next call shows another one."""
        self._door.forget(sber_door.SPEECH)

    async def aclose(self) -> None:
        await self._line.aclose()
