"""Static files as they are handed out: named by what is in them, and compressed once."""

from typing import Any

from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage


class OurStaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # no types
    """By gzip alone: Brotli takes most of a minute of a processor, for which each start would wait,
    and saves a visitor little.
    """

    def create_compressor(self, **kwargs: Any) -> Compressor:
        return super().create_compressor(**kwargs, use_brotli=False)
