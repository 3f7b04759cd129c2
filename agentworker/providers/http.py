"""No provider of speech: the key of some other service that an assistant asks by its address."""

from django.utils.translation import gettext_lazy as _

from agentworker.providers.catalog import Field, Provider

SLUG, HOST = "http", "host"

PROVIDER = Provider(
    slug=SLUG,
    label=_("Another service"),
    languages=(),
    fields=(
        Field("secret", _("Key"), is_secret=True),
        Field(
            HOST,
            _("Host"),
            help=_("Such as shop.example.org. The key is sent there and nowhere else."),
        ),
    ),
    how=_(
        "For a service of yours that an assistant asks by its address, such as a list of orders."
        " Whoever runs that service gives you the key."
    ),
)
