"""Pages of rows that callers depend on: what a change means is shown first, nothing is deleted."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from telephony import changes, opening_shown
from telephony.changes import Change, ChangeError, Edit, model_name
from telephony.editing import EditForm
from telephony.models import PhoneNumber
from veyra.admin import VeyraAdmin
from veyra.models import User

# Sentences of one kind are not listed without end.
SHOWN = 30
# What a question says besides what callers will notice, by the value that is asked for.
HINTS = {
    ("archived", True): gettext_lazy(
        "It goes to the archive, with its calls and its history, and can be restored from there."
    ),
    ("is_published", False): gettext_lazy(
        "It answers nobody until it is published again. All its versions are kept, and"
        " conversations that are going on now are not cut off."
    ),
    ("is_published", True): gettext_lazy("Callers hear its newest version from the next call on."),
}


class ArchivedFilter(admin.SimpleListFilter):
    """Archived rows are in a list of their own."""

    title = gettext_lazy("archive")
    parameter_name = "archived"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", gettext_lazy("Archived"))]

    def choices(self, changelist: Any) -> Iterator[Any]:
        everything, *others = super().choices(changelist)
        yield {**everything, "display": _("Not archived")}
        yield from others

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.archived() if self.value() == "yes" else rows.kept()  # type: ignore[attr-defined,no-any-return]  # of KeepableQuerySet


class KeepingAdmin(VeyraAdmin):
    """Rows are archived and restored, by one or by many, after a look at what it means."""

    actions: tuple[str, ...] = ("archive_selected", "restore_selected")
    change_form_before_template = "telephony/before_saving.html"
    change_form_after_template = "telephony/archive_link.html"

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        return [*super().get_list_filter(request), ArchivedFilter]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """What is archived cannot be chosen in a form."""
        if request.resolver_match and request.resolver_match.url_name == "autocomplete":
            queryset = queryset.kept()  # type: ignore[attr-defined]  # of KeepableQuerySet
        found: tuple[QuerySet[Any], bool] = super().get_search_results(
            request, queryset, search_term
        )
        return found

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        rows = db_field.related_model._default_manager
        if hasattr(rows, "kept"):
            kwargs.setdefault("queryset", rows.visible_to(request.user).kept())
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What is archived is only looked at, and restored."""
        return super().has_change_permission(request, obj) and not is_archived(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The right to archive."""
        return super().has_delete_permission(request, obj) and not is_archived(obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)
        unwanted = "archive_selected" if _looks_at_archive(request) else "restore_selected"
        return {name: each for name, each in actions.items() if name != unwanted}

    def get_urls(self) -> list[URLPattern]:
        meta = self.model._meta
        name = f"{meta.app_label}_{meta.model_name}_restore"
        view = self.admin_site.admin_view(self.restore_view)
        return [path("<path:object_id>/restore/", view, name=name), *super().get_urls()]

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        row = self._row(request, object_id)
        if not self.has_delete_permission(request, row):
            raise PermissionDenied
        question = _("Archive “%(row)s”?") % {"row": row}
        return self._ask(request, [row], {"archived": True}, question)

    def restore_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self._row(request, object_id)
        if not self._may_restore(request):
            raise PermissionDenied
        question = _("Restore “%(row)s”?") % {"row": row}
        return self._ask(request, [row], {"archived": False}, question)

    @admin.action(description=gettext_lazy("Archive"), permissions=["delete"])
    def archive_selected(self, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        return self._ask_of_many(request, rows, {"archived": True}, _("Archive these rows?"))

    @admin.action(description=gettext_lazy("Restore"), permissions=["delete"])
    def restore_selected(self, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        return self._ask_of_many(request, rows, {"archived": False}, _("Restore these rows?"))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Archiving has a button of its own; what the panel says is not said again as an error."""
        form = context["adminform"].form
        panels = getattr(form, "asks", False) or getattr(form, "disagreements", ())
        said = {"errors": None} if panels else {}
        context |= {"show_delete": False, **said}
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[no-any-return]  # unfold ships no types

    def _may_restore(self, request: HttpRequest) -> bool:
        return super().has_delete_permission(request)  # type: ignore[no-any-return]  # unfold ships no types

    def _row(self, request: HttpRequest, object_id: str) -> Any:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        return row

    def _ask_of_many(
        self, request: HttpRequest, rows: QuerySet[Any], values: dict[str, Any], question: str
    ) -> HttpResponse | None:
        hidden = [(helpers.ACTION_CHECKBOX_NAME, pk) for pk in _chosen(request)]
        names = ("action", "select_across", "index")
        hidden += [(name, request.POST[name]) for name in names if name in request.POST]
        return self._ask(request, list(rows), values, question, hidden)

    def _ask(
        self,
        request: HttpRequest,
        rows: list[Any],
        values: dict[str, Any],
        question: str,
        hidden: Iterable[tuple[str, str]] = (),
    ) -> HttpResponse:
        """Shows what it means, and does it once the person has seen that and says yes."""
        edit = Edit(
            changes=tuple(
                Change(
                    model=model_name(row), key=str(row.key), values=values, revision=row.revision
                )
                for row in rows
            )
        )
        found = changes.preview(edit)
        if request.method == "POST" and found.is_empty and "archived" not in values:
            return self._do(request, edit, rows, found.token)
        seen = request.POST.get("seen") == found.token and not found.errors
        if seen and ("accepted" in request.POST or not found.needs_tick):
            return self._do(request, edit, rows, found.token)
        context = {
            **self.admin_site.each_context(request),
            "title": question,
            "opts": self.model._meta,
            "rows": rows[:SHOWN],
            "more": len(rows) - SHOWN,
            "hints": [HINTS[each] for each in values.items() if each in HINTS],
            "impact": found,
            "panel": panel(found),
            "lacks_tick": seen,
            "hidden": list(hidden),
            "back": reverse(self._list_name()),
        }
        return render(request, "telephony/confirm.html", context)

    def _do(self, request: HttpRequest, edit: Edit, rows: list[Any], seen: str) -> HttpResponse:
        try:
            changes.carry_out(edit, seen)
        except ChangeError as error:
            for sentence in error.sentences:
                messages.error(request, str(sentence))
            return redirect(request.get_full_path())
        if isinstance(request.user, User):
            changed = ", ".join(sorted(edit.changes[0].values)) if edit.changes else ""
            LogEntry.objects.log_actions(request.user.pk, rows, CHANGE, change_message=changed)
        done = ngettext("%(count)s row was changed.", "%(count)s rows were changed.", len(rows))
        messages.success(request, done % {"count": len(rows)})
        return redirect(self._list_name())

    def _list_name(self) -> str:
        meta = self.model._meta
        return f"admin:{meta.app_label}_{meta.model_name}_changelist"


class EditingAdmin(KeepingAdmin):
    """Rows of the line: their forms are EditForms, and can be saved for later."""

    actions = (*KeepingAdmin.actions, "switch_on", "switch_off")

    @admin.action(description=gettext_lazy("Switch on"), permissions=["change"])
    def switch_on(self, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        return self._ask_of_many(request, rows, {"is_active": True}, _("Switch these on?"))

    @admin.action(description=gettext_lazy("Switch off"), permissions=["change"])
    def switch_off(self, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        return self._ask_of_many(request, rows, {"is_active": False}, _("Switch these off?"))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[tuple[Any, Any]]:
        when = (
            gettext_lazy("When it takes effect"),
            {"classes": ("collapse",), "fields": ("starts_at",)},
        )
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return [*fieldsets, when]
        return [
            (title, options | {"fields": self._stored(options)}) for title, options in fieldsets
        ]

    def _stored(self, options: dict[str, Any]) -> list[str]:
        """Without the fields of the form alone, such as a new password: nothing can be typed."""
        columns = {field.name for field in self.model._meta.get_fields()}
        known = columns | {*self.readonly_fields}
        return [field for field in options["fields"] if field in known]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)  # type: ignore[no-any-return]  # unfold ships no types
        except ChangeError as error:  # between our look and the save something else went wrong
            for sentence in error.sentences:
                messages.error(request, str(sentence))
            return redirect(request.get_full_path())

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        form, row = context["adminform"].form, context["original"]
        if isinstance(form, EditForm) and form.impact and form.asks:
            context["panel"] = panel(form.impact)
        if isinstance(row, PhoneNumber) and not is_archived(row):
            context["planned"] = changes.planned_for(row)
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(
        self, request: HttpRequest, obj: Any, form: "ModelForm[Any]", change: bool
    ) -> None:
        if not isinstance(form, EditForm) or form.impact is None:
            raise TypeError("a row of the line is saved by an EditForm that has looked ahead")
        at = form.cleaned_data["starts_at"]
        if at and isinstance(request.user, User):
            obj.planned = changes.schedule(form.edit, str(obj), at, request.user)
            return
        changes.carry_out(form.edit, form.impact.token)
        obj.pk = self.model._default_manager.get(key=obj.key).pk

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The edit held the lists of other rows."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return None if is_planned(obj) else super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return None if is_planned(obj) else super().log_change(request, obj, message)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> Any:
        if is_planned(obj):
            return self._planned(request, obj)
        return super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Any) -> Any:
        return (
            self._planned(request, obj)
            if is_planned(obj)
            else super().response_change(request, obj)
        )

    def _planned(self, request: HttpRequest, obj: Any) -> HttpResponse:
        at = date_format(localtime(obj.planned.takes_effect_at), "SHORT_DATETIME_FORMAT")
        said = _("“%(row)s” changes on %(at)s. Until then it stays as it is.")
        messages.success(request, said % {"row": obj, "at": at})
        return redirect(self._list_name())


def is_archived(row: Any) -> bool:
    """unfold asks about permissions with a row's id, too: those of the list decide then."""
    return getattr(row, "archived_at", None) is not None


def is_planned(row: Any) -> bool:
    """It was saved for later, and is not changed yet."""
    return hasattr(row, "planned")


def _chosen(request: HttpRequest) -> list[str]:
    return request.POST.getlist(helpers.ACTION_CHECKBOX_NAME)


def _looks_at_archive(request: HttpRequest) -> bool:
    return request.GET.get(ArchivedFilter.parameter_name) == "yes"


def panel(found: changes.Impact) -> dict[str, Any]:
    """What the panel shows of an impact."""
    told = found.changes
    return {
        "changes": told[:SHOWN],
        "hours": opening_shown.of_moves(found.moves[:SHOWN]),
        "more_changes": max(0, len(told) - SHOWN),
        "warnings": found.warnings[:SHOWN],
        "errors": found.errors[:SHOWN],
        "lost": len(found.lost),
        "needs_tick": found.needs_tick,
        "token": found.token,
    }
