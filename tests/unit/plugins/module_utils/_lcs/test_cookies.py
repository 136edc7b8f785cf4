"""Cookies: read from a header, kept as a browser keeps them, never shown."""

from __future__ import annotations

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._cookies import parse_cookies

SECRET = "AQAAANCMnd8BFdERjHoAwE/Cl+s=canary"


@pytest.mark.parametrize(
    ("text", "header"),
    [
        (f"FedAuth={SECRET}", f"FedAuth={SECRET}; lcspid=42"),
        (f"Cookie: a=1; FedAuth={SECRET};", f"a=1; FedAuth={SECRET}; lcspid=42"),
        (f"\n cookie:FedAuth={SECRET} \n", f"FedAuth={SECRET}; lcspid=42"),
        (f"lcspid=7; FedAuth={SECRET}", f"lcspid=42; FedAuth={SECRET}"),
        ("empty=; a=b=c", "empty=; a=b=c; lcspid=42"),
    ],
)
def test_header(text: str, header: str) -> None:
    assert parse_cookies(text, "42").header == header


@pytest.mark.parametrize("text", [SECRET[:20], "a b=c", f"FedAuth={SECRET}\nb: c", "a=ä", "=x", "# Netscape\ta"])
def test_what_is_no_header_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(Failure) as caught:
        parse_cookies(text, "42")
    assert "not the value of a Cookie header" in str(caught.value)
    assert text not in str(caught.value)


@pytest.mark.parametrize(
    ("set_cookies", "header", "changed"),
    [
        ([f"FedAuth={SECRET}; path=/"], f"FedAuth={SECRET}; lcspid=42", False),
        (["FedAuth=new; path=/; HttpOnly", "b=2"], "FedAuth=new; lcspid=42; b=2", True),
        (["FedAuth=; expires=Thu, 01 Jan 1970 00:00:00 GMT"], "lcspid=42", True),
        (["nonsense", "a b=c", "a=\x00", "a=ä"], f"FedAuth={SECRET}; lcspid=42", False),
    ],
)
def test_what_the_server_sets(set_cookies: list[str], header: str, changed: bool) -> None:
    jar = parse_cookies(f"FedAuth={SECRET}", "42")
    assert jar.take(set_cookies) is changed
    assert jar.header == header


def test_long_values_are_secrets_and_no_value_is_shown() -> None:
    jar = parse_cookies(f"lang=en-us; FedAuth={SECRET}", "42")
    assert jar.secrets == [SECRET]
    assert repr(jar) == "Jar(lang, FedAuth, lcspid)"
