"""Where recordings lie, as staff choose it, and whether that works."""

from decimal import Decimal
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Count, QuerySet, Sum
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import action

from recordings.models import Recording, Storage
from recordings.storage_forms import StorageForm
from recordings.stores import folder_of, store_of
from recordings.storing import StoreError
from recordings.trial import try_out
from veyra.admin import VeyraAdmin
from veyra.sentences import Sentence

IS_S3, IS_FOLDER = "kind == 's3'", "kind == 'folder'"
S3 = ("endpoint", "region", "bucket", "prefix", "access_key", "new_secret")
EGRESS = ("egress_access_key", "new_egress_secret")
SHOWN = ("works", "holds", "free", "costs")
GIGABYTE = Decimal(1024**3)


@admin.register(Storage)
class StorageAdmin(VeyraAdmin):
    form = StorageForm
    purpose = gettext_lazy("Where recordings are kept: a folder of this server, or S3.")
    list_display = ("__str__", "shown_current", "works", "holds", "free", "costs")
    readonly_fields = SHOWN
    actions_detail = ("try_it",)
    fieldsets = (
        (None, {"fields": ("name", "kind", "is_current", "works")}),
        (gettext_lazy("Where"), {"fields": ("folder", *S3, *EGRESS, "is_encrypted")}),
        (
            gettext_lazy("Room and cost"),
            {"fields": ("holds", "free", "costs", "price", "currency")},
        ),
    )
    conditional_fields: ClassVar[dict[str, str]] = {
        "folder": IS_FOLDER,
        **dict.fromkeys((*S3, *EGRESS), IS_S3),
    }

    def get_queryset(self, request: HttpRequest) -> QuerySet[Storage]:
        return Storage.objects.visible_to(request.user)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[tuple[Any, Any]]:
        """A new one has nothing to show yet."""
        found = super().get_fieldsets(request, obj)
        later = () if obj else SHOWN
        return [
            (title, options | {"fields": [x for x in options["fields"] if x not in later]})
            for title, options in found
        ]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = super().has_delete_permission(request, obj)
        empty = obj is None or not (obj.is_current or Recording.objects.lying_in(obj).exists())
        return bool(may and empty)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """One by one: what holds recordings is not deleted with others."""
        return {}

    def save_model(
        self, request: HttpRequest, obj: Storage, form: "ModelForm[Storage]", change: bool
    ) -> None:
        if obj.is_current:
            Storage.objects.visible_to(request.user).not_current_but(obj)
        super().save_model(request, obj, form, change)

    @action(  # type: ignore[untyped-decorator]  # unfold ships no types
        description=gettext_lazy("Try it"),
        permissions=["change"],
        icon="experiment",
        dialog={
            "title": gettext_lazy("Try it"),
            "description": gettext_lazy(
                "Veyra writes a small file there, reads it back and deletes it. If the address is"
                " wrong, that takes up to half a minute."
            ),
            "form_class": None,
            "form_submit_text": gettext_lazy("Try it"),
        },
    )
    def try_it(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        storage = get_object_or_404(self.get_queryset(request), pk=object_id)
        wrong = try_out(storage, by_hand=True)
        if wrong:
            messages.error(request, str(wrong))
        else:
            messages.success(request, _("It works: a file was written, read back and deleted."))
        url = reverse("admin:recordings_storage_change", args=[object_id])
        if request.headers.get("HX-Request"):
            return HttpResponse(headers={"HX-Redirect": url})
        return redirect(url)

    @admin.display(description=gettext_lazy("new recordings go here"))
    def shown_current(self, storage: Storage) -> str:
        return _("yes") if storage.is_current else ""

    @admin.display(description=gettext_lazy("does it work?"))
    def works(self, storage: Storage) -> SafeString | str:
        if storage.tested_at is None:
            return _("Not tried yet: press “Try it”.")
        if storage.test_error:
            wrong = Sentence.from_json(storage.test_error)
            return format_html('<span class="text-red-700 dark:text-red-400">{}</span>', wrong)
        when = date_format(localtime(storage.tested_at), "SHORT_DATETIME_FORMAT")
        return _("Yes, tried on %(when)s") % {"when": when}

    @admin.display(description=gettext_lazy("what lies there"))
    def holds(self, storage: Storage) -> str:
        found = _held(storage)
        count = found["count"]
        text = ngettext("%(count)s recording, %(size)s", "%(count)s recordings, %(size)s", count)
        size = filesizeformat(found["size"] or 0)
        return text % {"count": number_format(count, force_grouping=True), "size": size}

    @admin.display(description=gettext_lazy("free"))
    def free(self, storage: Storage) -> str:
        if storage.kind == Storage.Kind.S3:
            return _("as much as you pay for")
        try:
            free = store_of(storage).free()
        except StoreError as error:
            return str(error.sentence)
        return _("%(size)s in %(folder)s") % {
            "size": filesizeformat(free or 0),
            "folder": folder_of(storage),
        }

    @admin.display(description=gettext_lazy("cost a month"))
    def costs(self, storage: Storage) -> str:
        if storage.price is None:
            return "—"
        cost = storage.price * Decimal(_held(storage)["size"] or 0) / GIGABYTE
        return f"{number_format(round(cost, 2))} {storage.currency}".strip()


def _held(storage: Storage) -> dict[str, int]:
    if "held" not in storage.__dict__:
        rows = Recording.objects.lying_in(storage)
        storage.__dict__["held"] = rows.aggregate(count=Count("*"), size=Sum("size"))
    found: dict[str, int] = storage.__dict__["held"]
    return found
