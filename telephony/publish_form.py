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
        help_text=_("You and your colleagues read it among the versions, and at each call."),
    )
    seen = forms.CharField(required=False)
    revision = forms.IntegerField(required=False)
    accepted = forms.BooleanField(required=False)
    # It was shown something else meanwhile; it was shown this, and lacks the tick.
    is_stale = lacks_tick = False

    def agrees(self, found: Impact, revision: int) -> bool:
        """Did a person see this, and say yes? Of a valid form."""
        data = self.cleaned_data
        if data["seen"] != found.token or data["revision"] not in (None, revision):
            self.is_stale = bool(data["seen"])
            return False
        self.lacks_tick = bool(found.needs_tick and not data["accepted"])
        return not self.lacks_tick and not found.errors
