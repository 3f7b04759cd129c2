"""What comes into LiveKit: cameras, encoders and files, and who hears and sees them.

python examples/livekit_ingress_example.py "Reception camera"
"""

import sys
import time
from typing import Any

from veyra_client import Veyra


def named(veyra: Veyra, name: str) -> dict[str, Any]:
    """The incoming stream of this name. Raises LookupError."""
    for row in veyra.rows("ingresses/"):
        if row["name"] == name:
            return row
    raise LookupError(f"there is no incoming stream called {name}; make one on its page")


def wait_until_live(veyra: Veyra, ingress: str, seconds: float = 60.0) -> str:
    """Its state when somebody sends, or after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        state: str = veyra.get(f"ingresses/{ingress}/")["state"]
        if state in ("live", "error") or time.monotonic() > end:
            return state
        time.sleep(1.0)


def who_is_there(veyra: Veyra, room_name: str) -> list[str]:
    """Who is in the room that it goes to."""
    rooms = [room for room in veyra.get("rooms/", q=room_name) if room["name"] == room_name]
    people = [veyra.get(f"rooms/{room['sid']}/")["people"] for room in rooms]
    return [f"{person['identity']}: {person['role']}" for each in people for person in each]


def main(name: str) -> None:
    veyra = Veyra()
    found = named(veyra, name)
    print("send to", found["address"], "with the key from its page")
    print(wait_until_live(veyra, found["id"]))
    print("\n".join(who_is_there(veyra, found["room_name"])) or "nobody is there")


if __name__ == "__main__":
    main(sys.argv[1])
