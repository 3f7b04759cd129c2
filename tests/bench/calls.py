"""x"""

from tests.bench.figures import Figure
from tests.bench.ground import Ground


def measure(arena: Ground) -> list[Figure]:
    return []
