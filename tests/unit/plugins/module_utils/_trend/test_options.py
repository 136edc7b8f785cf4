"""Options that can't be used are refused before anything is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._connection import read_secret
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._holding import Request
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend import _options
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._lookup import Target
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._plan import Wish
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Opening


def params(**given: Any) -> dict[str, Any]:
    return {name: given.get(name, option.get("default")) for name, option in _options.MODE.items()}


@pytest.mark.parametrize(
    ("given", "wish"),
    [
        ({"duration": "90"}, Wish(True, 90)),
        ({"duration": "30m"}, Wish(True, 30)),
        ({"duration": "2h"}, Wish(True, 120)),
        ({"duration": "1h30m", "extend": "true"}, Wish(True, 90, "true")),
        ({"duration": "2h", "state": "disabled"}, Wish(False, None)),
        ({}, Wish(True, None)),
        ({"state": "disabled"}, Wish(False, None)),
    ],
)
def test_wish(given: dict[str, Any], wish: Wish) -> None:
    found = _options.wish(params(**given), "ann")
    assert (found.on, found.duration, found.extend) == (wish.on, wish.duration, wish.extend)
    assert found.request == Request(wish.on, Opening(owner="ann"))


@pytest.mark.parametrize(
    "given",
    [
        {"duration": "90s"},
        {"duration": "0"},
        {"duration": "soon"},
        {"duration": "9999999999"},
        {"extend": "true"},
    ],
)
def test_refused_wish(given: dict[str, Any]) -> None:
    with pytest.raises(Failure, match=r"Invalid O\((duration|extend)\): "):
        _options.wish(params(**given))


@pytest.mark.parametrize(
    ("given", "target"),
    [
        ({"computers": ["a", " 7 "]}, Target(names=("a", "7"))),
        ({"search": {"group": "Web", "policy": None, "platform": None}}, Target(group="Web")),
        ({"search": {"group": "3", "policy": "Base", "platform": "W%"}}, Target((), "3", "Base", "W%")),
    ],
)
def test_target(given: dict[str, Any], target: Target) -> None:
    assert _options.target(params(**given)) == target


@pytest.mark.parametrize(
    "given", [{"computers": []}, {"computers": ["a", ""]}, {"search": {"group": "", "policy": None, "platform": None}}]
)
def test_refused_target(given: dict[str, Any]) -> None:
    with pytest.raises(Failure, match=r"Invalid O\((computers|search)\): "):
        _options.target(params(**given))


URL = "https://dsm.example.com:4119/api"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "no API key was given.*TREND_API_KEY"),
        ({"api_key_file": "/nonexistent"}, "/nonexistent: No such file"),
        ({"api_key": "k", "max_concurrency": 0}, "max_concurrency"),
        ({"api_key": "k", "requests_per_minute": -1}, "requests_per_minute"),
        ({"api_key": "k", "request_timeout": "0"}, "request_timeout"),
        ({"api_key": "k", "retry_timeout": "soon"}, "retry_timeout"),
    ],
)
def test_refused_manager(given: dict[str, Any], text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TREND_API_KEY", raising=False)
    with pytest.raises(Failure, match=text):
        _options.manager(params(url=URL, **given))


def test_key_by_option_file_and_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In this order; the key itself appears nowhere but in the request."""
    monkeypatch.setenv("TREND_API_KEY", "from-environment")
    file = tmp_path / "key"
    file.write_text("from-file\n")
    both = params(api_key="from-option", api_key_file=str(file))
    assert read_secret(both, "api_key", "TREND_API_KEY") == "from-option"
    assert read_secret(params(api_key_file=str(file)), "api_key", "TREND_API_KEY") == "from-file"
    assert read_secret(params(), "api_key", "TREND_API_KEY") == "from-environment"
    file.write_text("\n")
    with pytest.raises(Failure, match="it is empty"):
        read_secret(params(api_key_file=str(file)), "api_key", "TREND_API_KEY")
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(Failure, match="it is not UTF-8 text"):
        read_secret(params(api_key_file=str(file)), "api_key", "TREND_API_KEY")
