"""What a person types of Sber, as the page keeps it."""

from pathlib import Path

import pytest

from agentworker.key_forms import KeyForm
from agentworker.keys import ProviderKey
from agentworker.providers import PROVIDERS
from agentworker.providers.sber_door import pem_of
from tests.live.certificate import certify
from tests.providers.salute import MIND_KEY, SPEECH_KEY


@pytest.mark.django_db
def test_both_keys_and_a_whole_certificate_fit_into_their_fields(tmp_path: Path) -> None:
    # As long as one of the longest authorities.
    certificate = "".join(certify(tmp_path, name)[0].read_text() for name in "abcdef")
    typed = {
        "name": "Сбер",
        "secret": f"{SPEECH_KEY} {MIND_KEY}",
        "account": "CORP",
        "certificate": certificate,
        "proxy": "",
    }
    form = KeyForm(typed, provider=PROVIDERS["sber"])
    assert form.is_valid(), form.errors
    row = ProviderKey(provider="sber")
    form.fill(row)
    assert row.secret.split() == [SPEECH_KEY, MIND_KEY]
    assert row.settings["account"] == "CORP"
    assert pem_of(row.settings["certificate"]) == pem_of(certificate)
