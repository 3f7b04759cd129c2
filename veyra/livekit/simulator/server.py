"""The simulator's HTTP door: LiveKit's Twirp API, and paths that place calls and make trouble."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from google.protobuf.message import DecodeError
from livekit import api
from livekit.api.access_token import Claims

from veyra.livekit.matching import Invite
from veyra.livekit.pairs import Pair
from veyra.livekit.simulator.methods import Method, Methods
from veyra.livekit.simulator.recorders import Fault
from veyra.livekit.simulator.switchboard import Switchboard
from veyra.livekit.types import LiveKitError

# Twirp's words and their HTTP status.
STATUS = {
    "invalid_argument": 400,
    "malformed": 400,
    "unauthenticated": 401,
    "not_found": 404,
    "bad_route": 404,
    "failed_precondition": 412,
    "unavailable": 503,
}


def application(
    switchboard: Switchboard, known: Callable[[], list[Pair]], saved: Callable[[], None]
) -> web.Application:
    """LiveKit's API over `switchboard`, for callers who hold tokens signed by a pair it knows.

    `saved` is called when what is published has changed.
    """
    methods = Methods(switchboard, saved).table()
    door = Door(switchboard, methods, known)
    app = web.Application()
    app.router.add_get("/", door.alive)
    app.router.add_post("/twirp/{service}/{method}", door.twirp)
    app.router.add_post("/simulate", door.place_call)
    app.router.add_post("/simulate/{call}/bye", door.hang_up)
    app.router.add_post("/simulate/egress/{fault}", door.spoil)
    app.router.add_post("/simulate/ingress/{ingress}/{does}", door.send_in)
    return app


class Door:
    def __init__(
        self,
        switchboard: Switchboard,
        methods: Mapping[str, Method],
        known: Callable[[], list[Pair]],
    ) -> None:
        self.switchboard, self.methods, self.known = switchboard, methods, known

    async def alive(self, request: web.Request) -> web.Response:
        return web.Response(text="OK")

    async def twirp(self, request: web.Request) -> web.Response:
        service, name = request.match_info["service"], request.match_info["method"]
        method = self.methods.get(f"{service.removeprefix('livekit.')}/{name}")
        if method is None:
            return _refusal("bad_route", f"no handler for path {request.path!r}")
        if method.grant not in self._grants(request):
            return _refusal("unauthenticated", "permissions denied")
        try:
            asked = method.request.FromString(await request.read())
            answer = await method.answer(asked)
        except DecodeError:
            return _refusal("malformed", "the protobuf request could not be decoded")
        except LiveKitError as error:
            return _refusal(error.code, error.message)
        return web.Response(body=answer.SerializeToString(), content_type="application/protobuf")

    async def place_call(self, request: web.Request) -> web.Response:
        """{"from", "to", "ip", "host", "agent": true, "username", "password", "pin", "headers"}."""
        if "sip_call" not in self._grants(request):
            return _refusal("unauthenticated", "permissions denied")
        try:
            asked = await request.json()
            invite = Invite(
                caller=str(asked["from"]),
                called=str(asked["to"]),
                source_ip=str(asked["ip"]),
                host=str(asked.get("host", asked["ip"])),
                username=str(asked.get("username", "")),
                password=str(asked.get("password", "")),
                pin=None if asked.get("pin") is None else str(asked["pin"]),
            )
            headers = {str(name): str(text) for name, text in asked.get("headers", {}).items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            return _refusal("malformed", "a JSON object with from, to and ip is needed")
        comes = bool(asked.get("agent", True))
        seen = await self.switchboard.place_call(invite, agent_comes=comes, headers=headers)
        return web.json_response(seen)

    async def hang_up(self, request: web.Request) -> web.Response:
        if "sip_call" not in self._grants(request):
            return _refusal("unauthenticated", "permissions denied")
        if not await self.switchboard.hang_up(request.match_info["call"]):
            return _refusal("not_found", "no such call")
        return web.json_response({})

    async def spoil(self, request: web.Request) -> web.Response:
        """The next recording or stream meets this fault (see recorders.Fault)."""
        if "sip_call" not in self._grants(request):
            return _refusal("unauthenticated", "permissions denied")
        try:
            self.switchboard.recorders.faults.append(Fault(request.match_info["fault"]))
        except ValueError:
            return _refusal("not_found", f"no such fault; there are {', '.join(Fault)}")
        return web.json_response({})

    async def send_in(self, request: web.Request) -> web.Response:
        """Somebody begins to send into an ingress, ends it, or has a fault."""
        if "sip_call" not in self._grants(request):
            return _refusal("unauthenticated", "permissions denied")
        inputs, ingress = self.switchboard.inputs, request.match_info["ingress"]
        does: dict[str, Callable[[], Awaitable[None]]] = {
            "begin": lambda: inputs.begin(ingress),
            "end": lambda: inputs.end(ingress),
            "fail": lambda: inputs.end(ingress, "media could not be read"),
        }
        work = does.get(request.match_info["does"])
        if work is None:
            return _refusal("not_found", "a sender can begin, end and fail")
        try:
            await work()
        except LiveKitError as error:
            return _refusal(error.code, error.message)
        return web.json_response({})

    def _grants(self, request: web.Request) -> set[str]:
        """What the bearer may do; nothing, where the token is not ours or is over."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        claims = next(filter(None, (_claims(token, pair) for pair in self.known())), None)
        if claims is None:
            return set()
        video, sip = claims.video or api.VideoGrants(), claims.sip or api.SIPGrants()
        grants = {
            "sip_admin": sip.admin,
            "sip_call": sip.call,
            "room_list": video.room_list,
            "room_create": video.room_create,
            "room_admin": video.room_admin,
            "room_record": video.room_record,
            "ingress_admin": video.ingress_admin,
        }
        return {name for name, given in grants.items() if given}


def _refusal(code: str, message: str) -> web.Response:
    """Twirp's error: JSON, whatever the request was written in."""
    return web.json_response({"code": code, "msg": message}, status=STATUS.get(code, 500))


def _claims(token: str, pair: Pair) -> Claims | None:
    try:
        return api.TokenVerifier(pair.name, pair.secret).verify(token)
    except Exception:  # PyJWT and the SDK raise many kinds; each means no
        return None
