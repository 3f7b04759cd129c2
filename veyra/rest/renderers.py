"""What doors answer besides JSON."""

from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import BaseRenderer, JSONRenderer


class Sound(BaseRenderer):
    """For a door that hands out a file by itself: only its problems are rendered, as JSON.

    It takes part in choosing by Accept as if it were of any kind: which kind a file is of, nobody
    knows before it is opened.
    """

    media_type = "*/*"
    format = "sound"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> Any:
        return JSONRenderer().render(data)
