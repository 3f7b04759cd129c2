"""The doors are described as they are."""

from typing import Any

import pytest
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator

SECRETS = ("password", "out_password", "register_password", "pin")


@pytest.fixture(scope="module")
def described() -> Any:
    return SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # not in the stubs


def test_the_description_is_valid_and_has_no_warning(tmp_path: Any) -> None:
    file = str(tmp_path / "schema.yml")
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", file)


def test_it_is_openapi_3_1(described: Any) -> None:
    assert described["openapi"].startswith("3.1")


def test_no_secret_is_in_any_answer(described: Any) -> None:
    answers = {
        name: shape.get("properties", {})
        for name, shape in described["components"]["schemas"].items()
        if not name.endswith("Request")
    }
    assert [(n, p) for n, props in answers.items() for p in props if p in SECRETS] == []
    assert "password" in described["components"]["schemas"]["TrunkInRequest"]["properties"]


def test_every_door_says_which_problems_it_answers(described: Any) -> None:
    for path, doors in described["paths"].items():
        for method, door in doors.items():
            assert {"401", "403", "429"} <= set(door["responses"]), (method, path)
