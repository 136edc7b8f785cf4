"""Options of each system that cannot be used, found before the first wave. Nobody answers at these addresses."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import register

from fakes.actions import action

ACTIONS = "ansible_collections.quiesce.maintenance.plugins.action"
USABLE: dict[str, dict[str, Any]] = {
    "alertmanager": {"url": "http://192.0.2.1:9093", "matchers": ['instance="dev01"']},
    "d365fo": {},
    "launch": {"url": "https://192.0.2.1:8443", "token": "t0ken"},
    "lcs": {
        "project_id": "1234567",
        "environment_id": "cb88758a-07ab-4132-b115-9b3312aa9a4f",
        "cookies": ".AspNet.Cookies=a; __RequestVerificationToken=b",
        "accept_undocumented_api": True,
    },
    "powerplatform": {"environment": "uat", "tenant_id": "contoso.com", "client_id": "a", "client_secret": "s3cret"},
    "trend": {"url": "https://192.0.2.1:4119/api", "api_key": "k3y", "computers": ["web01"]},
}


def judged(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """What comes of looking at the options of a system, given as variables."""
    variables = {f"{name}_{option}": value for option, value in {**USABLE[name], **options}.items()}
    known = {"inventory_hostname": "dev01", **variables}
    face = import_module(f"{ACTIONS}.{register()[name].module.rpartition('.')[2]}").ActionModule
    judging = action(face, {"state": "enabled"}, known)
    judging.judging = True
    result: dict[str, Any] = judging.run(task_vars=known)
    return result


@pytest.mark.parametrize("name", register())
def test_usable(name: str) -> None:
    assert not judged(name, {}).get("failed")


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("alertmanager", {"matchers": ['severity!="info"']}, "matchers"),
        ("alertmanager", {"username": "ann"}, "Invalid alertmanager_password: it is not given"),
        ("d365fo", {"sql_login_user": "ann"}, "Invalid d365fo_sql_login_password: it is missing"),
        ("d365fo", {"via": "odbc"}, "Invalid d365fo_sql_server: it is required"),
        ("d365fo", {"after_restart": "/missing.yml"}, "Invalid d365fo_after_restart: there is no file"),
        ("launch", {"token": ""}, "neither a token nor a user name with a password"),
        ("lcs", {"cookies": "x"}, "Could not use the cookies"),
        ("lcs", {"accept_undocumented_api": False}, "nothing was touched"),
        ("powerplatform", {"client_secret": ""}, "there is no credential"),
        ("trend", {"api_key": ""}, "no API key was given"),
        ("trend", {"duration": "90s"}, "Invalid trend_duration: 90s is not a whole number of minutes"),
        ("trend", {"poll_interval": "5x"}, 'Invalid trend_poll_interval: "5x" is not a duration'),
    ],
)
def test_unusable(monkeypatch: pytest.MonkeyPatch, name: str, options: dict[str, Any], says: str) -> None:
    for variable in ("DS_AUTH_TOKEN", "DS_USERNAME", "TREND_API_KEY", "AZURE_CLIENT_SECRET", "LCS_COOKIES"):
        monkeypatch.delenv(variable, raising=False)
    result = judged(name, options)
    assert result["failed"]
    assert says in result["msg"]
