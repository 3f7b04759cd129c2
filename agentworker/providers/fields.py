"""What most providers ask for."""

from django.utils.translation import gettext_lazy as _

from agentworker.providers.catalog import Field

KEY = Field("secret", _("Key"), is_secret=True)
