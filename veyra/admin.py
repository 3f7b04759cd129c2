"""Base classes of the admin, and the list of what staff changed."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, cast

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.admin import helpers
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import Group
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.forms.utils import flatatt
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.functional import Promise, cached_property
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, checkbox
from unfold.decorators import display
from unfold.templatetags import unfold_list

from veyra import audit
from veyra.audit_words import Names, said, tell, who
from veyra.models import AuditEntry, User

# On the page of a row's history.
CHANGES = 50


class CountedChangeList(ChangeList):
    """The whole table is not counted, so unfold finds nothing to say about its size."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if self.full_result_count is None:
            self.full_result_count = self.result_count


def _capital(heading: dict[str, Any]) -> dict[str, Any]:
    text = heading["text"]
    # The box that chooses all rows is HTML.
    return heading if isinstance(text, SafeString) else heading | {"text": capfirst(text)}


def _once_a_list(headers: Callable[[ChangeList], Any]) -> Callable[[ChangeList], list[Any]]:
    def known(changes: ChangeList) -> list[Any]:
        if "known_headers" not in changes.__dict__:
            changes.__dict__["known_headers"] = [_capital(head) for head in headers(changes)]
        found: list[Any] = changes.__dict__["known_headers"]
        return found

    return known


# unfold makes all headings anew for each row, a third of the time of a long list. Its pull request
# 2172 ends that. On a phone its stylesheet would give each word of a heading a capital: only the
# first has one here.
unfold_list.result_headers = _once_a_list(unfold_list.result_headers)


@cache
def _of_checkbox(language: str | None) -> SafeString:
    """The attributes of the box before each row; one of them speaks."""
    return flatatt(checkbox.attrs)


class VeyraAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """Every admin page of Veyra."""

    warn_unsaved_form = True
    list_filter_submit = True
    show_full_result_count = False
    # What an empty list says: what the rows are for.
    purpose: str | Promise = ""
    # The page that fills it where that is more than a form, and what its button says.
    filled_by: tuple[str, str | Promise] | None = None

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CountedChangeList

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Back to the page that led here (?next=), such as the first steps of the home page."""
        wanted = request.GET.get("next", "")
        if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure()):
            return redirect(wanted)
        return super().response_post_save_add(request, obj)  # type: ignore[no-any-return]  # unfold ships no types

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Of a row that is watched: each change, from what to what, and a way to undo it."""
        row, user = self.get_object(request, unquote(object_id)), request.user
        if audit.of(self.model) and row is not None and isinstance(user, User):
            entries = AuditEntry.objects.visible_to(user).of_row(row).newest_first()[:CHANGES]
            extra_context = {**(extra_context or {}), "changes": tell(list(entries), user)}
        return super().history_view(request, object_id, extra_context)  # type: ignore[no-any-return]  # unfold ships no types

    def get_list_display(self, request: HttpRequest) -> Sequence[Any]:
        """Rows of the demo wear a badge, in a column that is there as long as they are."""
        columns: Sequence[Any] = super().get_list_display(request)
        has_demo = hasattr(self.model, "is_demo")
        if has_demo and self.get_queryset(request).filter(is_demo=True).exists():
            return (*columns, "demo_badge")
        return columns

    @display(description=ModelAdmin.action_checkbox.short_description)  # type: ignore[untyped-decorator]  # unfold's
    def action_checkbox(self, row: Model) -> SafeString:
        """As unfold draws it, without a template for each row."""
        name, attributes = helpers.ACTION_CHECKBOX_NAME, _of_checkbox(get_language())
        return format_html(
            '<input type="checkbox" name="{}" value="{}"{}>', name, row.pk, attributes
        )

    def get_sortable_by(self, request: HttpRequest) -> Sequence[Any]:
        """The badge is not sorted by, so nobody looks for the demo once more."""
        return super().get_list_display(request)  # type: ignore[no-any-return]  # unfold ships no types

    @display(description=_("demo"), label=True)  # type: ignore[untyped-decorator]  # unfold's
    def demo_badge(self, row: Any) -> Any:
        return _("demo") if row.is_demo else ""


# Nobody turns more pages than these rows fill.
COUNTED = 10_000


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # generic only in the stubs
    """Counts no further than COUNTED: to count a million rows takes longer than to show a page."""

    @cached_property
    def reached(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list).order_by()
        return rows[: COUNTED + 1].count()

    @cached_property
    def count(self) -> int:
        return min(self.reached, COUNTED)

    @property
    def goes_on(self) -> bool:
        """Are there more rows than are counted?"""
        return self.reached > COUNTED


class MachineRowAdmin(VeyraAdmin):
    """Rows that a machine writes and people read: soon more of them than anybody counts."""

    paginator = BoundedPaginator

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


# People and their roles have a page of their own (monitoring.people_page), one's login too.
admin.site.unregister((Group, AuditEntry, Authenticator, EmailAddress, UserSession))


@admin.register(AuditEntry)
class AuditEntryAdmin(MachineRowAdmin):
    """Who changed what. Undone is a change from its row's history, or from an incident."""

    purpose = _("Each change of what decides about calls: who made it, and what it was before.")
    list_display = ("at", "person", "sentence")
    list_display_links = ("sentence",)
    list_select_related = ("actor", "content_type")
    search_fields = ("object_repr", "actor__username", "=cid")
    fields = readonly_fields = ("at", "sentence", "lines", "address", "request_id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        return AuditEntry.objects.visible_to(request.user)  # type: ignore[no-any-return]  # auditlog ships no types

    @display(description=_("when"), ordering="timestamp")  # type: ignore[untyped-decorator]  # unfold's
    def at(self, entry: AuditEntry) -> Any:
        return entry.timestamp

    @display(description=_("who"), ordering="actor")  # type: ignore[untyped-decorator]  # unfold's
    def person(self, entry: AuditEntry) -> str:
        return who(entry)

    @display(description=_("what"))  # type: ignore[untyped-decorator]  # unfold's
    def sentence(self, entry: AuditEntry) -> str:
        return str(said(entry))

    @display(description=_("from what to what"))  # type: ignore[untyped-decorator]  # unfold's
    def lines(self, entry: AuditEntry) -> SafeString:
        return render_to_string("veyra/_lines.html", {"lines": Names([entry]).lines(entry)})

    @display(description=_("from the address"))  # type: ignore[untyped-decorator]  # unfold's
    def address(self, entry: AuditEntry) -> str:
        return entry.remote_addr or "—"

    @display(description=_("id of the request, as in the logs"))  # type: ignore[untyped-decorator]  # unfold's
    def request_id(self, entry: AuditEntry) -> str:
        return entry.cid or "—"
