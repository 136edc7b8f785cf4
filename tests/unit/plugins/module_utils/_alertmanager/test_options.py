"""What the options mean, and what is refused before anybody is asked."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager import _options
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid

PASSWORD = "s3cret"


def params(**given: Any) -> dict[str, Any]:
    """The options of a task, with defaults."""
    defaults = {name: option.get("default") for name, option in _options.SILENCE.items()}
    return {
        **defaults,
        "url": "https://alertmanager.example.com/am",
        "matchers": ["instance=dev01"],
        "state": "enabled",
        **given,
    }


def test_the_window_of_a_task() -> None:
    wish = _options.wish(params(window="CHG0042", reason=" Keys\n", expires="2h"), "dev01", "mary")
    assert wish.opening.reason == "Keys"
    assert (wish.system, wish.opening.id, wish.opening.owner, wish.opening.expires) == (
        "dev01",
        "CHG0042",
        "mary",
        "2h",
    )
    assert wish.duration == "28800s"


def test_an_end_is_no_matter_on_the_way_out() -> None:
    wish = _options.wish(params(state="disabled", expires="2020-01-01T00:00:00Z", system="AOS"), "dev01", "mary")
    assert (wish.system, wish.opening.expires) == ("AOS", "")


@pytest.mark.parametrize("option", [{"duration": "soon"}, {"duration": "0"}, {"matchers": ["x"]}])
def test_what_cannot_be_is_refused(option: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        _options.wish(params(**option), "dev01", "mary")
    assert refused.value.option in option


@pytest.mark.parametrize("option", [{"username": "ops"}, {"password": PASSWORD}])
def test_half_a_credential_is_refused(option: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="Give both") as refused:
        _options.open_server(params(**option), print)
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize(
    ("option", "taken"),
    [
        ({}, True),
        ({"token": PASSWORD}, False),
        ({"username": "ops", "password": PASSWORD}, False),
        ({"token": PASSWORD, "validate_certs": False}, True),
    ],
)
def test_a_credential_is_not_sent_readable(option: dict[str, Any], taken: bool) -> None:
    given = params(url="http://alertmanager.example.com:9093", **option)
    if taken:
        assert "alertmanager.example.com:9093" in _options.open_server(given, print).target
    else:
        with pytest.raises(Failure, match="the credential would be sent unencrypted"):
            _options.open_server(given, print)
