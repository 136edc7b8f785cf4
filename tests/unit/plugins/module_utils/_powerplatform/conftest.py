"""Access to a server of the test, by the options of a task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform import _options

from fakes.clock import Time
from fakes.powerplatform import ID
from fakes.rest import Rest

Params = Callable[..., dict[str, Any]]


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def params(monkeypatch: pytest.MonkeyPatch) -> Params:
    """Returns the options of a task, with their defaults, for a server that is everything: login, BAP and API."""
    for name in ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)

    def params(server: Rest | None = None, **given: Any) -> dict[str, Any]:
        defaults = {name: option.get("default") for name, option in _options.MODE.items()}
        url = server.url if server else None
        here = {"bap_url": url, "login_url": url, "api_url": url, "validate_certs": False, "use_proxy": False}
        return {**defaults, **here, "environment": ID, "retry_timeout": "0", "state": "enabled", **given}

    return params
