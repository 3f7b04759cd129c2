"""No provider of speech: the key of some other service that an assistant asks by its address."""

from django.utils.translation import gettext_lazy as _

from agentworker.providers.catalog import Field, Provider

PROVIDER = Provider(
    slug="http",
    label=_("Another service"),
    languages=(),
    fields=(Field("secret", _("Key"), is_secret=True),),
    how=_(
        "For a service of yours that an assistant asks by its address, such as a list of orders."
        " Whoever runs that service gives you the key."
    ),
)
