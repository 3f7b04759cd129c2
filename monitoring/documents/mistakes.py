"""Whom a reader tells of a mistake in a document."""

from urllib.parse import quote

from django.utils.translation import gettext as _

from monitoring.people_page.staff import owners


def report(title: str) -> str:
    """A letter to the owners; "" where none has an address."""
    addresses = sorted({each.email for each in owners() if each.email})
    if not addresses:
        return ""
    subject = quote(_("Mistake in the document “%(title)s”") % {"title": title})
    return f"mailto:{','.join(quote(each, safe='@') for each in addresses)}?subject={subject}"
