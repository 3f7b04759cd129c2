"""Pages of what is kept of calls."""

from recordings import recording_admin, storage_admin  # noqa: F401  # they register their pages
