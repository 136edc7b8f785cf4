"""The options of a REST server: what cannot be used is refused in their names, before anything is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._connection import (
    OPTIONS,
    open_client,
    read_secret,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid

DEFAULTS = {name: option.get("default") for name, option in OPTIONS.items()} | {"url": "https://host.example.com"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"request_timeout": "ten"},
            'Invalid O(request_timeout): "ten" is not a duration. Use days, hours, minutes and seconds, like 2h',
        ),
        ({"request_timeout": "0"}, "Invalid O(request_timeout): it is zero. Use a time, like 30s."),
        (
            {"retry_timeout": "-1"},
            'Invalid O(retry_timeout): "-1" is not a duration. Use days, hours, minutes and seconds, like 2h',
        ),
        ({"retry_timeout": "9" * 30 + "d"}, 'Invalid O(retry_timeout): "999'),
        ({"url": "host"}, "Invalid O(url): it does not begin with https://"),
        ({"proxy": "socks5://p"}, "Invalid O(proxy): it does not begin with http://"),
        ({"ca_path": "/nonexistent"}, "Invalid O(ca_path): /nonexistent: No such file or directory."),
    ],
)
def test_unusable_options(given: dict[str, Any], message: str) -> None:
    with pytest.raises(Invalid) as caught:
        open_client({**DEFAULTS, **given})
    assert str(caught.value).startswith(message)


def test_a_secret_that_is_no_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Python shows bytes of the environment that are not UTF-8 as halves of surrogate pairs, and can't encode them."""
    monkeypatch.setenv("QUIESCE_KEY", "pa55\udcffword")
    for params in ({}, {"key": "pa55\udcffword"}):
        with pytest.raises(Failure, match="it is not UTF-8 text") as caught:
            read_secret(params, "key", "QUIESCE_KEY")
        assert "pa55" not in str(caught.value)
    with pytest.raises(Failure, match="Invalid O\\(key_file\\)"):
        read_secret({"key_file": str(tmp_path / "a\0b")}, "key", "QUIESCE_KEY")
