"""Forms, headers of one request, files, and what a refusal carries."""

from __future__ import annotations

import re

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Client, HttpFailure, Retry

from fakes.rest import Reply, rest, script


def client(url: str) -> Client:
    return Client(url, validate_certs=False, use_proxy=False, retry=Retry(limit=0, first_contact=0))


def test_a_form() -> None:
    with rest(script(Reply(200, {}))) as server:
        client(server.url).request("POST", "/token", attempted="try", form={"a": "1 & 2", "b": "ü"})
        (asked,) = server.asked
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert asked.form == {"a": "1 & 2", "b": "ü"}


def test_headers_of_one_request() -> None:
    with rest(script(Reply(200, {}))) as server:
        one = client(server.url)
        one.request("GET", "/", attempted="try", headers={"X-Id": "1"})
        one.request("PATCH", "/", attempted="try", headers={"X-Id": "2"}, body={})
        one.get("/", attempted="try")
        assert [asked.headers.get("x-id") for asked in server] == ["1", "2", None]
        assert server.asked[1].headers["content-type"] == "application/json"


def test_a_path_that_has_a_query_already() -> None:
    with rest(script(Reply(200, {}))) as server:
        client(server.url).get("/x?a=1", attempted="try", query=[("b", "2")])
        assert server.asked[0].query == {"a": "1", "b": "2"}


def test_a_file() -> None:
    content = bytes(range(256))
    with rest(script(Reply(200, content))) as server:
        assert client(server.url).download("/log", attempted="try") == content
        assert server.asked[0].headers["accept"] == "*/*"
    with rest(script(Reply(204))) as server:
        assert client(server.url).download("/log", attempted="try") == b""
    with rest(script(Reply(404))) as server, pytest.raises(HttpFailure, match="HTTP 404"):
        client(server.url).download("/log", attempted="try")


def test_what_a_refusal_carries() -> None:
    body = {"error": {"code": "Busy", "message": "later"}}
    reply = Reply(503, body, {"Retry-After": "7", "X-Ms-Request-Id": "r"})
    with rest(script(reply)) as server, pytest.raises(HttpFailure) as failed:
        client(server.url).get("/", attempted="try")
    assert (failed.value.data, failed.value.pause) == (body, 7.0)
    assert failed.value.headers["x-ms-request-id"] == "r"
    with rest(script(None)) as server, pytest.raises(HttpFailure) as failed:
        client(server.url).get("/", attempted="try")
    assert (failed.value.data, failed.value.headers, failed.value.pause) == (None, {}, None)


def test_an_address_with_an_option_of_another_name() -> None:
    with pytest.raises(Invalid, match=re.escape("Invalid O(login_url):")):
        Client("nowhere", url_option="login_url")
    with rest(script(Reply(200))) as server:
        url = server.url
    with pytest.raises(HttpFailure, match=re.escape("Check host and port in O(login_url)")):
        Client(
            url, url_option="login_url", validate_certs=False, use_proxy=False, retry=Retry(limit=0, first_contact=0)
        ).get("/", attempted="try")
