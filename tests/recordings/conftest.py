"""What the tests of recordings share."""

from collections.abc import Iterator

import pytest

from tests.recordings.s3 import S3, server


@pytest.fixture(scope="session")
def _s3() -> Iterator[S3]:
    with server() as s3:
        yield s3


@pytest.fixture
def s3(_s3: S3) -> S3:
    _s3.make()
    return _s3
