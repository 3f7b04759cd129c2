"""Pages of the keys of providers: Owner and Engineer add them, try them and put them away."""

from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from agentworker import key_testing, key_use
from agentworker.key_forms import KeyForm, offered
from agentworker.keys import ProviderKey
from agentworker.providers import PROVIDERS
from agentworker.providers.catalog import Provider
from veyra.doors import staff_page
from veyra.models import User
from veyra.pace import Pace

SEES, ADDS, CHANGES = (f"agentworker.{verb}_providerkey" for verb in ("view", "add", "change"))
# Each costs a little at the provider.
pace = Pace(20, 60)


def shown(
    request: HttpRequest, template: str, context: dict[str, Any], wrong: bool = False
) -> HttpResponse:
    frame = admin.site.each_context(request)
    name = f"agentworker/keys/{template}.html"
    return render(request, name, {**frame, **context}, status=400 if wrong else 200)


@staff_page(SEES)
def page(request: HttpRequest, user: User) -> HttpResponse:
    now, rows = timezone.now(), ProviderKey.objects.visible_to(user).kept()
    users = key_use.used_by()
    found = [key_use.standing(row, users.get(str(row.key), []), now) for row in rows]
    return shown(request, "list", {"title": _("Keys of providers"), "rows": found})


@staff_page(SEES, ADDS)
def choose(request: HttpRequest, user: User) -> HttpResponse:
    context = {"title": _("Whose key is it?"), "providers": offered()}
    return shown(request, "choose", context)


@staff_page(SEES, ADDS)
def add(request: HttpRequest, user: User, provider: str) -> HttpResponse:
    found = PROVIDERS.get(provider)
    if found is None or not found.fields:
        raise Http404
    form = KeyForm(request.POST or None, provider=found)
    if form.is_valid():
        row = ProviderKey(provider=provider)
        form.fill(row)
        row.save()
        return _saved(request, row)
    return _form(request, form, found, None)


@staff_page(SEES, CHANGES)
def change(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    row = get_object_or_404(ProviderKey.objects.visible_to(user).kept(), pk=pk)
    provider = PROVIDERS.get(row.provider)
    if provider is None:
        raise Http404
    form = KeyForm(request.POST or None, provider=provider, row=row)
    if form.is_valid():
        form.fill(row)
        row.revision += 1
        row.save()
        return _saved(request, row)
    return _form(request, form, provider, row)


def _saved(request: HttpRequest, row: ProviderKey) -> HttpResponse:
    key_testing.ask(row)
    messages.success(request, _("Saved. Below you see in a moment whether it works."))
    return redirect("provider-keys")


def _form(
    request: HttpRequest, form: KeyForm, provider: Provider, row: ProviderKey | None
) -> HttpResponse:
    context = {"title": row.name if row else provider.label, "form": form, "row": row}
    return shown(request, "form", {**context, "provider": provider}, wrong=bool(form.errors))


@require_POST
@staff_page(SEES, CHANGES)
def test(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    row = get_object_or_404(ProviderKey.objects.visible_to(user).kept(), pk=pk)
    if pace.allows(str(user.pk)):
        key_testing.ask(row)
    else:
        messages.warning(request, _("That was often. Wait a minute, then test again."))
    return redirect("provider-keys")


@require_POST
@staff_page(SEES, CHANGES)
def archive(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    """Put it away; not while an assistant that answers calls uses it."""
    row = get_object_or_404(ProviderKey.objects.visible_to(user).kept(), pk=pk)
    if used_by := key_use.used_by().get(str(row.key)):
        told = _("It is used by: %(names)s. Choose another provider there first.")
        messages.error(request, told % {"names": ", ".join(used_by)})
    else:
        key_use.put_away(row)
        messages.success(request, _("The key was put away, and what was secret of it deleted."))
    return redirect("provider-keys")
