"""Connections by gRPC: encrypted, by a proxy where one is named, and what their errors mean."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

import grpc
from grpc import ChannelConnectivity, StatusCode
from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError

from agentworker.providers.errors import Kind, ProviderError, kind_of_answer
from agentworker.providers.fenced import look_at

# As an HTTP answer would say it. The only things in our requests that a service may not know are
# names of voices and models, so an argument that it does not take counts as one.
HTTP_STATUS = {
    StatusCode.UNAUTHENTICATED: 401,
    StatusCode.PERMISSION_DENIED: 403,
    StatusCode.INVALID_ARGUMENT: 404,
    StatusCode.NOT_FOUND: 404,
    StatusCode.RESOURCE_EXHAUSTED: 429,
    StatusCode.UNIMPLEMENTED: 405,
    StatusCode.INTERNAL: 500,
    StatusCode.UNKNOWN: 500,
    StatusCode.DATA_LOSS: 500,
}
AWAY = (StatusCode.UNAVAILABLE, StatusCode.DEADLINE_EXCEEDED)
SETTLED = (ChannelConnectivity.READY, ChannelConnectivity.TRANSIENT_FAILURE)
KEEP_ALIVE_MS = 20_000


def channel(address: str, proxy: str = "", roots: bytes | None = None) -> Any:
    """A grpc.aio.Channel, which must be made inside a running loop.

    `address`: "https://host:port", or http:// where nothing is encrypted. `proxy`:
    "http://user:password@host:port". `roots`: certificates in PEM; None: those of gRPC itself.
    """
    parts = urlsplit(address)
    target = f"{parts.hostname}:{parts.port or 443}"
    options: list[tuple[str, Any]] = [("grpc.keepalive_time_ms", KEEP_ALIVE_MS)]
    if proxy:
        options.append(("grpc.http_proxy", proxy))
    if parts.scheme == "http":
        return grpc.aio.insecure_channel(target, options=options)
    secured = grpc.ssl_channel_credentials(root_certificates=roots)
    return grpc.aio.secure_channel(target, secured, options=options)


class Line:
    """A connection to one service: made when it is needed first, by a proxy that was looked at.

    The arguments are those of `channel`.
    """

    def __init__(self, address: str, proxy: str = "", roots: bytes | None = None) -> None:
        self._way = (address, proxy, roots)
        self._channel: Any = None

    async def ready(self, seconds: float) -> Any:
        """A grpc.aio.Channel on which a call can be tried. Raises APIError."""
        if self._channel is None:
            _address, proxy, _roots = self._way
            if proxy:
                await _look_at(proxy)
            self._channel = channel(*self._way)
        await settle(self._channel, seconds)
        return self._channel

    async def aclose(self) -> None:
        if self._channel is not None:
            await self._channel.close()


async def _look_at(proxy: str) -> None:
    try:
        await look_at(proxy)
    except ProviderError as problem:
        raise raised(problem) from problem


async def settle(line: Any, seconds: float) -> None:
    """Wait until a call can be tried: it is connected, or it will say at once why it cannot be.

    Raises APITimeoutError.
    """
    try:
        async with asyncio.timeout(seconds):
            while (state := line.get_state(try_to_connect=True)) not in SETTLED:
                await line.wait_for_state_change(state)
    except TimeoutError:
        raise late() from None


def late() -> APIError:
    """Nothing came in time."""
    return told(APITimeoutError("the service is silent"), Kind.UNREACHABLE)


def told(error: APIError, kind: Kind) -> APIError:
    """With its cause in our own words: a service's own may repeat what a caller said."""
    error.__cause__ = ProviderError.of(kind)
    return error


def raised(problem: ProviderError) -> APIError:
    """The same for the agent library; what another try cannot mend is not tried again."""
    is_final = problem.kind in (Kind.REFUSED, Kind.COUNTRY, Kind.GONE)
    error = APIConnectionError(problem.kind.value, retryable=not is_final)
    error.__cause__ = problem
    return error


def error_of(failure: grpc.RpcError) -> APIError:
    """As the agent library wants it, with a ProviderError as its cause."""
    code = failure.code()
    if code in AWAY:
        return told(APIConnectionError(f"gRPC {code.name}"), Kind.UNREACHABLE)
    status = HTTP_STATUS.get(code, 500)
    kind = kind_of_answer(status, failure.details() or "")
    return told(APIStatusError(f"gRPC {code.name}", status_code=status), kind)
