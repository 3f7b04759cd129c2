"""The form that asks before an assistant's words are published."""

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from agentworker.comparing import NOTE_LENGTH
from telephony.changes import Impact


class PublishForm(forms.Form):
    """`seen`, `revision`: what was shown; another impact, or another revision, is shown anew."""

    note = forms.CharField(
        label=_("What changed, in a sentence"),
        required=False,
        max_length=NOTE_LENGTH,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("You and your colleagues read it among the versions."),
    )
    seen = forms.CharField(required=False)
    revision = forms.IntegerField(required=False)
    accepted = forms.BooleanField(required=False)
    # Not all of its scenarios pass, and it is published all the same.
    in_spite = forms.BooleanField(required=False)
    # It was shown something else meanwhile; it was shown this, and lacks the tick, or the one about
    # scenarios.
    is_stale = lacks_tick = lacks_spite = False

    def agrees(self, found: Impact, revision: int, *, scenarios_pass: bool = True) -> bool:
        """Did a person see this, and say yes? Of a valid form."""
        data = self.cleaned_data
        if data["seen"] != found.token or data["revision"] not in (None, revision):
            self.is_stale = bool(data["seen"])
            return False
        self.lacks_tick = bool(found.needs_tick and not data["accepted"])
        self.lacks_spite = not (scenarios_pass or data["in_spite"])
        return not (self.lacks_tick or self.lacks_spite or found.errors)
