"""Placing calls on a running simulator, from another process."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Self

import aiohttp
from livekit import api

from veyra.livekit.types import LiveKitError

TOKEN_TTL = timedelta(hours=6)


class SimulatorCaller:
    """Open inside `async with`. Raises LiveKitError where nothing, or no simulator, answers."""

    def __init__(self, url: str, key: str, secret: str) -> None:
        self._url = url.replace("ws", "http", 1) if url.startswith("ws") else url
        grants = api.SIPGrants(call=True)
        token = api.AccessToken(key, secret).with_sip_grants(grants).with_ttl(TOKEN_TTL)
        self._headers = {"Authorization": f"Bearer {token.to_jwt()}"}

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(headers=self._headers)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._http.close()

    async def place_call(self, invite: Mapping[str, Any]) -> dict[str, Any]:
        """{"from", "to", "ip", "agent", ...}; what came of it: see Switchboard.place_call."""
        return await self._post("/simulate", dict(invite))

    async def hang_up(self, sip_call_id: str) -> None:
        """The call may be over already."""
        try:
            await self._post(f"/simulate/{sip_call_id}/bye", {})
        except LiveKitError as error:
            if error.message != "no such call":
                raise

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            async with self._http.post(self._url + path, json=body) as answer:
                found: dict[str, Any] = await answer.json()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            message = type(error).__name__
            raise LiveKitError(message, permanent=False, code="unavailable") from error
        if answer.status != 200:
            raise LiveKitError(found["msg"], permanent=True, code=found["code"])
        return found
