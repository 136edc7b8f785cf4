"""The options: what is refused before anything is asked, and what they lead to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs import _options
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Run
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import FileStore

from fakes.clock import Time

ENVIRONMENT = "0c6f5d1e-3c1c-4d59-9f65-8a1f6f8e1a11"


@pytest.fixture(autouse=True)
def without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LCS_COOKIES", "LCS_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def params(**given: Any) -> dict[str, Any]:
    defaults = {name: option.get("default") for name, option in _options.MODE.items()}
    wanted = {"project_id": "42", "environment_id": ENVIRONMENT, "cookies": "FedAuth=canary-canary-canary"}
    return {**defaults, **wanted, "accept_undocumented_api": True, **given}


def opened(**given: Any) -> Any:
    options = params(**given)
    return _options.open_system({**options, "state": "enabled"}, FileStore("unused"), Run(), check_mode=False)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"project_id": "Contoso"}, 'Invalid O(project_id): "Contoso" is not a number'),
        ({"environment_id": f"Default-{ENVIRONMENT}"}, "is not a GUID. It is EnvironmentId in the address"),
        ({"environment_id": "uat"}, 'Invalid O(environment_id): "uat" is not a GUID'),
        ({"project_id": "0"}, 'Invalid O(project_id): "0" is not a number'),
        ({"maintenance_status": ["in Wartung", " deployed"]}, 'Invalid O(maintenance_status): " deployed" is known to'),
        ({"maintenance_status": ["Servicing"]}, 'Invalid O(maintenance_status): "Servicing" is known to'),
        ({"maintenance_states": [13, 3]}, "Invalid O(maintenance_states): 3 (Finished) is known to"),
        ({"poll_interval": "0"}, "Invalid O(poll_interval): it is zero"),
        ({"servicing_timeout": "soon"}, 'Invalid O(servicing_timeout): "soon" is not a duration'),
        ({"accept_undocumented_api": False}, "set O(accept_undocumented_api=true)"),
        ({"cookies": None}, "no cookies of a session were given"),
        ({"cookies": "canary"}, "they are not the value of a Cookie header"),
        ({"switch_path": "no slash"}, 'Invalid O(switch_path): "no slash" is not a valid path'),
        ({"details_path": "https://elsewhere"}, "Invalid O(details_path)"),
        ({"url": "http://lcs.dynamics.com"}, "Invalid O(url): it begins with http://"),
        ({"url": "https://me:canary@lcs.dynamics.com"}, "Invalid O(url): it contains a user name or password"),
    ],
)
def test_refused_before_anything_is_asked(given: dict[str, Any], message: str) -> None:
    with pytest.raises(Failure) as caught:
        opened(**given)
    assert message in str(caught.value)
    assert "canary" not in str(caught.value)


def test_a_project_is_one_however_its_number_is_written() -> None:
    """Else each way to write it had a record of its own, and one would turn off what the other holds."""
    assert _options.place(params(project_id=" 0042")) == _options.place(params(project_id="42"))


@pytest.mark.parametrize("given", ["as it is", "file", "environment"])
def test_cookies(given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "FedAuth=canary-canary-canary"
    (tmp_path / "cookies").write_text(f"{text}\n")
    if given == "environment":
        monkeypatch.setenv("LCS_COOKIES", text)
    options: dict[str, dict[str, Any]] = {
        "as it is": {"cookies": text},
        "file": {"cookies": None, "cookies_file": str(tmp_path / "cookies")},
        "environment": {"cookies": None},
    }
    jar = opened(**options[given]).look.portal._jar
    assert "canary" not in repr(jar)
    assert jar.header == f"{text}; lcspid=42"


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({}, "https://lcsapi.lcs.dynamics.com"),
        ({"url": "https://eu.lcs.dynamics.com/"}, "https://lcsapi.eu.lcs.dynamics.com"),
        ({"url": "https://lcs.dynamics.cn"}, "https://lcsapi.lcs.dynamics.cn"),
        ({"url": "https://gov.lcs.microsoftdynamics.us"}, "https://lcsapi.gov.lcs.microsoftdynamics.us"),
        ({"url": "https://lab.example.com", "api_url": "https://api.example.com"}, "https://api.example.com"),
    ],
)
def test_address_of_the_public_api(given: dict[str, str], address: str) -> None:
    options = params(api_token="canary", **given)
    api = _options.open_api(options, _options.place(options), Run())
    assert api
    assert api._client.target == address


@pytest.mark.parametrize(
    "url", ["https://lab.example.com", "https://lcs.dynamics.com.example.com", "https://xlcs.dynamics.com"]
)
def test_the_token_goes_to_no_address_that_somebody_made_up(url: str) -> None:
    options = params(api_token="canary", url=url)
    with pytest.raises(Invalid, match="api_url"):
        _options.open_api(options, _options.place(options), Run())


def test_without_a_token_there_is_no_public_api() -> None:
    options = params()
    assert _options.open_api(options, _options.place(options), Run()) is None


def test_the_limit_of_the_public_api_is_kept_by_the_clock_of_the_run() -> None:
    time = Time()
    options = params(api_token="canary-canary-canary")
    api = _options.open_api(options, _options.place(options), time.run())
    assert api is not None
    for _request in range(7):
        api._client._pace.take()
    assert (len(time.slept), 60 < time.now < 65) == (1, True)
