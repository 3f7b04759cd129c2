"""What other programs change of the line, by the rules of its pages: the same forms, the same look
ahead, and no save past a warning that nobody said yes to.
"""

from collections.abc import Mapping
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.db import models, transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request

from telephony import changes
from telephony.changes import Change, ChangeError, Edit, Impact, model_name
from telephony.editing import EditForm
from veyra.models import User
from veyra.rest.problems import Problem

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


def told(impact: Impact) -> dict[str, Any]:
    return {
        "changes": [str(each) for each in impact.changes],
        "warnings": [str(each) for each in impact.warnings],
        "needs_yes": impact.needs_tick,
        "token": impact.token,
    }


def is_dry(request: Request) -> bool:
    return request.query_params.get("dry_run", "").lower() in ("1", "true", "yes")


@transaction.atomic
def write(
    kind: type[EditForm], row: Any, given: Mapping[str, Any], request: Request, user: User
) -> Impact:
    """Save what is given of a row, new or there; with ?dry_run=true only what it would mean.

    Raises Problem: 400 with what is wrong, 409 where somebody has to say yes first.
    """
    form = kind(instance=row)
    _only_visible(form, user)
    bound = kind(data=_whole(form, given), instance=row)
    _only_visible(bound, user)
    if not bound.is_valid() and not bound.asks:
        raise _wrong(bound)
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
    what = ", ".join(sorted(edit.changes[0].values))
    LogEntry.objects.log_actions(user.pk, [row], ADDITION if is_new else CHANGE, what)
    return impact


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


def _whole(form: EditForm, given: Mapping[str, Any]) -> dict[str, Any]:
    """The form as a person would send it: what the row has, and over it what is given."""
    data = {name: _plain(form[name].value()) for name in form.fields}
    data = {name: value for name, value in data.items() if value is not None}
    for name, value in given.items():
        data[FORM_NAMES.get(name, name)] = _typed(value)
        if name in REMOVES and not value:
            data[REMOVES[name]] = True
    if "register_at" in given:
        data["way"] = "login" if given["register_at"] else "address"
    # None of these is for programs: they say yes by ?seen=.
    return {name: value for name, value in data.items() if name not in ("seen", "revision")}


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple, models.QuerySet)):
        return [getattr(each, "pk", each) for each in value]
    return getattr(value, "pk", value)


def _typed(value: Any) -> Any:
    """Lists of texts are typed one a line."""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "\n".join(value)
    return "" if value is None else value


def _wrong(form: EditForm) -> Problem:
    errors = {
        "" if name == "__all__" else OUR_NAMES.get(name, name): list(map(str, said))
        for name, said in form.errors.items()
        if name != "seen"
    }
    first = next((said for each in errors.values() for said in each), "")
    return Problem(400, first, errors)
