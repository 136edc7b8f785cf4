"""URLs and proxies: what is usable, and one clear sentence for each thing that is not."""

from __future__ import annotations

from contextlib import suppress

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Client
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._address import base_address, proxy_for
from hypothesis import given
from hypothesis import strategies as st

VARIABLES = [f"{name}_proxy" for name in ("http", "https", "no", "all")]


@pytest.fixture(autouse=True)
def no_proxy_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("url", "scheme", "host", "port", "path", "shown"),
    [
        ("https://h.example.com/api/", "https", "h.example.com", 443, "/api", "https://h.example.com/api"),
        ("HTTPS://h:4119", "https", "h", 4119, "", "https://h:4119"),
        ("https://h:/", "https", "h", 443, "", "https://h:"),
        ("http://[::1]:8080/x", "http", "::1", 8080, "/x", "http://[::1]:8080/x"),
        ("https://bücher.example", "https", "xn--bcher-kva.example", 443, "", "https://bücher.example"),
        ("https://my_host.", "https", "my_host.", 443, "", "https://my_host."),
    ],
)
def test_usable_urls(url: str, scheme: str, host: str, port: int, path: str, shown: str) -> None:
    found = base_address(url)
    assert (found.scheme, found.host, found.port, found.path, str(found)) == (scheme, host, port, path, shown)


NO_PORT = "its port is not a number from 1 to 65535"
NO_HOST = "it contains no host name"
BAD_HOST = "its host name is malformed"
BAD_IPV6 = "its IPv6 address is malformed"
CONTROL = "it contains a blank or a control character"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "it does not begin with https://"),
        ("dsm.example.com", "it does not begin with https://"),
        ("dsm.example.com:4119/api", "it does not begin with https://"),
        ("//dsm.example.com/api", "it does not begin with https://"),
        ("ftp://dsm.example.com", "it does not begin with https://"),
        ("https:/dsm.example.com", NO_HOST),
        ("https://", NO_HOST),
        ("https:///api", NO_HOST),
        ("https://:443/", NO_HOST),
        ("https://host:port/api", NO_PORT),
        ("https://host:99999/api", NO_PORT),
        ("https://host:0/", NO_PORT),
        ("https://host:-1/", NO_PORT),
        ("https://host:٤٤٣/", NO_PORT),
        ("https://fe80::1/", "an IPv6 address must stand in brackets"),
        ("https://[::1/api", BAD_HOST),
        ("https://::1]/api", "an IPv6 address must stand in brackets"),
        ("https://[::1]x/", BAD_HOST),
        ("https://[zz]/", BAD_IPV6),
        ("https://[]/", BAD_IPV6),
        ("https://[v1.x]/", BAD_IPV6),
        ("https://a..b/", BAD_HOST),
        ("https://.a/", BAD_HOST),
        (f"https://{'a' * 64}/", BAD_HOST),
        ("https://a\\b/", BAD_HOST),
        ("https://a%00b/", BAD_HOST),
        ("https://ho st/", CONTROL),
        (" https://host/", CONTROL),
        ("https://host/\n", CONTROL),
        ("https://ho\tst/", CONTROL),
        ("https://host/\x1b[2J", CONTROL),
        ("https://host/\ud800", CONTROL),
        ("https://host/äpi", "its path contains characters that must be percent-encoded"),
        ("https://host/api?x=1", "it contains a query or a fragment"),
        ("https://host/api#x", "it contains a query or a fragment"),
        ("https://host/?", "it contains a query or a fragment"),
        ("https://me:pa55word@host/api", "it contains a user name or password"),
        ("https://me:pa55word@host:port/api", "it contains a user name or password"),
        ("https://@host/api", "it contains a user name or password"),
    ],
)
def test_unusable_urls(url: str, why: str) -> None:
    with pytest.raises(Invalid) as caught:
        base_address(url, "cluster_url")
    message = str(caught.value)
    assert message.startswith(f"Invalid O(cluster_url): {why}")
    assert "https://host.example.com:4119/api" in message or "its own option" in message
    assert "pa55word" not in message


def test_http_must_be_allowed() -> None:
    with pytest.raises(Invalid, match=r"O\(url\): .*sent unencrypted.*O\(validate_certs=false\)"):
        Client("http://host/api")
    with pytest.raises(Invalid, match=r"O\(cluster_url\): .*O\(cluster_validate_certs=false\)"):
        Client("http://host/api", option_prefix="cluster_")
    assert Client("http://host/api", validate_certs=False).target == "http://host/api"


@given(st.text() | st.from_regex(r"https?://[^/]{0,20}(/.{0,20})?", fullmatch=True))
def test_any_text_is_a_url_or_refused(text: str) -> None:
    with suppress(Invalid):
        found = base_address(text)
        assert 0 < found.port < 65536
        assert found.host.isascii()


# --- proxies ---


@pytest.mark.parametrize(
    ("proxy", "host", "port", "headers"),
    [
        ("http://p.example.com:3128", "p.example.com", 3128, {}),
        ("p.example.com:3128/", "p.example.com", 3128, {}),
        ("http://p", "p", 80, {}),
        ("http://me:p%40ss@[::1]:8080", "::1", 8080, {"Proxy-Authorization": "Basic bWU6cEBzcw=="}),
        ("http://me@corp:pw@p", "p", 80, {"Proxy-Authorization": "Basic bWVAY29ycDpwdw=="}),
    ],
)
def test_usable_proxies(proxy: str, host: str, port: int, headers: dict[str, str]) -> None:
    for url in ("https://host/", "http://host/"):
        found = proxy_for(base_address(url), proxy)
        assert found
        assert (found.host, found.port, found.headers) == (host, port, headers)


@pytest.mark.parametrize(
    ("proxy", "why"),
    [
        ("https://u:pa55word@p:3128", "it does not begin with http://"),
        ("socks5://p", "it does not begin with http://"),
        ("http://u:pa55word@p:99999", NO_PORT),
        ("http://u:pa55word@", NO_HOST),
        ("http://u:pa55word@[x]", BAD_IPV6),
        ("http://p\r\n", CONTROL),
    ],
)
def test_unusable_proxies(proxy: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Invalid) as caught:
        proxy_for(base_address("https://host"), proxy)
    assert str(caught.value) == f"Invalid O(proxy): {why}. Use one like http://proxy.example.com:3128."
    monkeypatch.setenv("http_proxy", proxy)
    with pytest.raises(Failure) as met:
        proxy_for(base_address("http://host"), None)
    assert f"the environment variable http_proxy contains an unusable address: {why}" in str(met.value)
    assert "pa55word" not in str(met.value)


def test_the_environment_names_a_proxy_for_each_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://secure:1")
    monkeypatch.setenv("http_proxy", "http://plain:2")
    monkeypatch.setenv("no_proxy", "near.example.com,::1")

    def chosen(url: str) -> str | None:
        found = proxy_for(base_address(url), None)
        return found.host if found else None

    assert chosen("https://far.example.com") == "secure"
    assert chosen("http://far.example.com") == "plain"
    assert chosen("http://near.example.com:8080") is None
    assert chosen("https://[::1]:8443") is None
