"""The list of calls with what people keep of it: filters by name, and files."""

from typing import Any
from uuid import uuid4

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG, ChangeList
from django.core.exceptions import SuspiciousOperation, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _

from agentworker.models import Turn
from monitoring import callfile, filters
from monitoring.filters import SavedFilter, tidy
from telephony.call_admin import CallAdmin, CallList, is_words, may_read_words, often
from telephony.models import Call
from veyra.models import User
from veyra.sentences import Sentence

admin.site.unregister(Call)


class Asked(HttpRequest):
    """The list as a program asks for it: only for its rows."""

    def __init__(self, user: User, query: str) -> None:
        super().__init__()
        self.method = "GET"
        self.user = user
        self.GET = QueryDict(query)


class Rows(CallList):
    """None of them is counted or fetched yet."""

    def get_results(self, request: HttpRequest) -> None:
        self.result_list = self.queryset


class QueryError(ValueError):
    """The list has no such search."""


@admin.register(Call)
class CallListAdmin(CallAdmin):
    list_before_template = "monitoring/call_list.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return Rows if isinstance(request, Asked) else CallList

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if ERROR_FLAG in request.GET:
            messages.error(request, _("The list of calls has no such search."))
        told = _kept(request.user, request.GET) if isinstance(request.user, User) else {}
        return super().changelist_view(request, (extra_context or {}) | told)  # type: ignore[no-any-return]  # unfold ships no types


def _kept(user: User, asked: QueryDict) -> dict[str, Any]:
    """What the list shows besides its rows."""
    try:
        query = tidy(asked.urlencode())
    except ValueError:
        query = ""
    return {
        "query": query,
        "filters": SavedFilter.objects.visible_to(user),
        "changeable": {each.pk for each in SavedFilter.objects.changeable_by(user)},
        "may_share": user.has_perm(filters.SHARES),
        "may_take": user.has_perms(callfile.TAKES),
        "ticket": uuid4(),
    }


def rows_of(query: str, user: User) -> QuerySet[Call]:
    """The calls that the list shows this person for this search, in its order; days and hours in
    the current time zone. Raises QueryError.
    """
    page = admin.site.get_model_admin(Call)
    try:
        return page.get_changelist_instance(Asked(user, query)).queryset  # type: ignore[no-any-return]  # unfold ships no types
    except (IncorrectLookupParameters, SuspiciousOperation, ValidationError, ValueError) as error:
        raise QueryError from error


def lack_of(query: str, user: User) -> Sentence:
    """What these rows lack of what was searched for; empty where they are all."""
    asked = Asked(user, query)
    words = asked.GET.get("q", "").strip()
    is_cut = is_words(words) and may_read_words(asked) and Turn.objects.said_often(words)
    return often() if is_cut else Sentence("")
