"""A LiveKit in one process."""

from tests.simulator.conftest import simulated

__all__ = ["simulated"]
