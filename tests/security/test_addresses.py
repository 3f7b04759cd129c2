"""Each address that staff can type into a form is judged before anything goes there: a field that
looks like one and stands in no list here is a new door that nobody has thought of.
"""

import importlib
import pkgutil
import re

from django import forms

LOOKS_LIKE = re.compile(r"url|host|server|endpoint|proxy|address|webhook|source$")
# By what it is judged, or why it need not be.
JUDGED = {
    "monitoring.hooks.forms.HookForm.url": "veyra.outside, at the form and at each message",
}
# Modules whose fields have tests of their own beside them.
PROVEN_BESIDE = {
    "agentworker": "agentworker.providers.net and agentworker.tools.errand: tests/providers, agent",
    "telephony": "SIP addresses, which the gateway calls: no request of ours goes there",
    "recordings": "recordings.outside: tests/streams/test_outside.py, tests/recordings/test_s3.py",
    "monitoring.alarms": "monitoring.alarms.postman: tests/alarms/test_sending.py",
    "monitoring.mail_views": "mail addresses of people",
    "veyra.accounts": "mail addresses of people",
    "monitoring.people_page": "mail addresses of people",
}


def fields() -> set[str]:
    found = set()
    for root in ("veyra", "agentworker", "telephony", "recordings", "monitoring"):
        package = importlib.import_module(root)
        for module in pkgutil.walk_packages(package.__path__, f"{root}."):
            if re.search(r"(form|views|admin)", module.name.rpartition(".")[2]):
                for name, kind in vars(importlib.import_module(module.name)).items():
                    if isinstance(kind, type) and issubclass(kind, forms.BaseForm):
                        fields = getattr(kind, "base_fields", {})
                        here = kind.__module__ == module.name
                        found |= {
                            f"{module.name}.{name}.{field}"
                            for field in fields
                            if here and LOOKS_LIKE.search(field)
                        }
    return found


def test_every_address_that_staff_can_type_is_judged() -> None:
    found = fields()
    assert set(JUDGED) <= found
    unknown = {
        field
        for field in found - set(JUDGED)
        if not any(field.startswith(f"{module}.") for module in PROVEN_BESIDE)
    }
    assert unknown == set()
