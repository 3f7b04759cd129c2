"""What other programs change of the line, by the rules of its pages: the same forms, the same look
ahead, and no save past a warning that nobody said yes to.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.db import models, transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import (
    OpenApiParameter,
    PolymorphicProxySerializer,
    extend_schema,
    extend_schema_view,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from telephony import changes
from telephony.changes import Change, ChangeError, Edit, Impact, model_name
from telephony.editing import EditForm
from veyra.models import User
from veyra.rest.once import is_dry
from veyra.rest.problems import Problem
from veyra.stale import RevisionForm

# Fields of a form that are called otherwise outside.
FORM_NAMES = {
    "password": "new_password",
    "out_password": "new_out_password",
    "register_password": "new_register_password",
}
OUR_NAMES = {inside: outside for outside, inside in FORM_NAMES.items()}
# Without its login, a stored password goes, too.
REMOVES = {"username": "remove_login", "out_username": "remove_out_login"}


class PreviewSerializer(serializers.Serializer[Impact]):
    """What a change would mean for callers. Nothing was saved."""

    changes = serializers.ListField(child=serializers.CharField())
    warnings = serializers.ListField(child=serializers.CharField())
    needs_yes = serializers.BooleanField(
        help_text="It is saved only with ?seen= and the token: numbers are lost, or it warns."
    )
    token = serializers.CharField()


SEEN = [
    OpenApiParameter("dry_run", bool, description="Say what it would change, and save nothing."),
    OpenApiParameter("seen", str, description="The token of a preview: yes to its warnings."),
]


def described(given: Any, shown: Any) -> Any:
    """The documents of a door that writes."""
    answers = {
        "create": {201: shown, 200: PreviewSerializer},
        "partial_update": {200: or_preview(shown)},
        "destroy": {204: None, 200: PreviewSerializer},
    }

    def of(action: str) -> Any:
        body = None if action == "destroy" else given(partial=action != "create")
        return extend_schema(request=body, responses=answers[action], parameters=SEEN)

    return extend_schema_view(**{action: of(action) for action in answers})


def or_preview(shown: Any) -> Any:
    return PolymorphicProxySerializer(
        component_name=f"{shown.__name__}OrPreview",
        serializers=[shown, PreviewSerializer],
        resource_type_field_name=None,
    )


def told(impact: Impact) -> dict[str, Any]:
    return {
        "changes": [str(each) for each in impact.changes],
        "warnings": [str(each) for each in impact.warnings],
        "needs_yes": impact.needs_tick,
        "token": impact.token,
    }


@transaction.atomic
def write(
    kind: type[EditForm], row: Any, given: Mapping[str, Any], request: Request, user: User
) -> Impact:
    """Save what is given of a row, new or there; with ?dry_run=true only what it would mean.

    Raises Problem: 400 with what is wrong, 409 where somebody has to say yes first, or saved the
    row since the `revision` that is given.
    """
    form = kind(instance=row)
    _only_visible(form, user)
    bound = kind(data=whole(form, given), instance=row)
    _only_visible(bound, user)
    if not bound.is_valid() and not bound.asks:
        raise wrong(bound)
    if bound.impact is None:
        raise TypeError("a valid form has looked ahead")
    return carry_out(bound.edit, bound.impact, row, request, user)


def change(row: Any, values: Mapping[str, Any], request: Request, user: User) -> Impact:
    """Set columns that no form has, such as "archived"."""
    wanted = Change(
        model=model_name(row), key=str(row.key), values=dict(values), revision=row.revision
    )
    edit = Edit(changes=(wanted,))
    found = changes.preview(edit)
    if found.errors:
        raise Problem(409, " ".join(map(str, found.errors)))
    return carry_out(edit, found, row, request, user)


def carry_out(edit: Edit, impact: Impact, row: Any, request: Request, user: User) -> Impact:
    if is_dry(request):
        return impact
    ask_first(impact, request)
    is_new = row.pk is None
    try:
        changes.carry_out(edit, impact.token)
    except ChangeError as error:
        raise Problem(409, " ".join(map(str, error.sentences))) from error
    row.pk = type(row)._default_manager.get(key=row.key).pk
    log(row, edit.changes[0].values, user, is_new=is_new)
    return impact


def archive(row: Any, request: Request, user: User) -> Response:
    """Put it away; with ?dry_run=true only what that would mean."""
    impact = change(row, {"archived": True}, request, user)
    return Response(told(impact)) if is_dry(request) else Response(status=204)


def log(row: Any, fields: Iterable[str], user: User, *, is_new: bool) -> None:
    """As the page of such a row does."""
    what = ", ".join(sorted(fields))
    LogEntry.objects.log_actions(user.pk, [row], ADDITION if is_new else CHANGE, what)


def ask_first(impact: Impact, request: Request) -> None:
    """Raises Problem where callers would notice it, and nobody has said yes to that."""
    if impact.needs_tick and request.query_params.get("seen") != impact.token:
        said = _("Callers would notice this. Look at it, then send it again with ?seen= the token.")
        raise Problem(409, said, **{k: v for k, v in told(impact).items() if k != "needs_yes"})


def _only_visible(form: EditForm, user: User) -> None:
    for field in form.fields.values():
        rows = getattr(field, "queryset", None)
        if rows is not None and hasattr(rows, "kept"):
            field.queryset = rows.visible_to(user).kept()  # type: ignore[attr-defined]  # a ModelChoiceField


def whole(form: RevisionForm, given: Mapping[str, Any]) -> dict[str, Any]:
    """The form as a person would send it: what the row has, and over it what is given."""
    data = {name: _plain(form[name].value()) for name in form.fields}
    data = {name: value for name, value in data.items() if value is not None}
    for name, value in given.items():
        data[FORM_NAMES.get(name, name)] = typed(value)
        if name in REMOVES and not value:
            data[REMOVES[name]] = True
    if "register_at" in given:
        data["way"] = "login" if given["register_at"] else "address"
    data["revision"] = given.get("revision")
    data.pop("seen", None)  # programs say yes by ?seen=
    return data


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple, models.QuerySet)):
        return [getattr(each, "pk", each) for each in value]
    return getattr(value, "pk", value)


def typed(value: Any) -> Any:
    """Lists of texts are typed one a line."""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "\n".join(value)
    return "" if value is None else value


def wrong(form: RevisionForm) -> Problem:
    """What a form that is not valid says."""
    errors = {
        "" if name == "__all__" else OUR_NAMES.get(name, name): list(map(str, said))
        for name, said in form.errors.items()
        if name != "seen"
    }
    first = next((said for each in errors.values() for said in each), "")
    return Problem(409 if "revision" in errors else 400, first, errors)
