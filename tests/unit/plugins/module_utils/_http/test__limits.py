"""A REST server that sends one byte of a header after the other must not outlive the time limit either."""

from __future__ import annotations

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._deadline import within
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Client, Retry

from fakes.server import Talk, drips, serving, silent

FAR_BEYOND = 3.0


@pytest.mark.parametrize("talk", [drips, silent])
def test_a_request_ends_at_its_limit(monkeypatch: pytest.MonkeyPatch, talk: Talk) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving(talk) as port:
        client = Client(
            f"http://127.0.0.1:{port}", validate_certs=False, timeout=0.3, retry=Retry(limit=0.3, first_contact=0.3)
        )
        with pytest.raises(Failure, match="read the health"):
            within(FAR_BEYOND, lambda: client.get("/health", attempted="read the health"))
