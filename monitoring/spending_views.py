"""What conversations cost each day, and how much they may."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from agentworker.company import faults
from agentworker.models import Budget
from agentworker.spending import reading
from agentworker.spending.limiting import SPOKEN
from veyra.doors import staff_page
from veyra.models import User

SEES, CHANGES = "agentworker.view_budget", "agentworker.change_budget"


class BudgetForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    class Meta:
        model = Budget
        fields = ("amount", "currency", "roubles_a_dollar", "then", "message")
        widgets = {
            "amount": forms.NumberInput(attrs={"min": "0.01", "step": "any"}),
            "roubles_a_dollar": forms.NumberInput(attrs={"min": "0.01", "step": "any"}),
            "message": forms.Textarea(attrs={"rows": 2, "placeholder": SPOKEN["ru"]}),
        }

    def clean_message(self) -> str:
        text = str(self.cleaned_data["message"])
        if wrong := faults(text):
            raise ValidationError(list(map(str, wrong)))
        return text


@staff_page(SEES)
def page(request: HttpRequest, user: User) -> HttpResponse:
    """Posted to, it keeps another budget."""
    may = user.has_perm(CHANGES)
    if request.method == "POST" and not may:
        raise PermissionDenied
    kept, now = reading.budget(), timezone.now()
    form = BudgetForm(request.POST if request.method == "POST" else None, instance=kept)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved. It holds from the next call on."))
        return redirect("spending")
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("What conversations cost"),
        "standing": reading.standing(user, now),
        "days": reading.lately(user, reading.budget(), now),
        "form": form if may else None,
    }
    return render(request, "monitoring/spending.html", context, status=400 if form.errors else 200)
