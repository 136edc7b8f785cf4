"""The portal's answers: envelope, refusals, the end of the session."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Raw
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._answers import (
    Envelope,
    Over,
    Strange,
    find_token,
    open_envelope,
)

SECRET = "canary-4711-canary"


def redact(text: str) -> str:
    return text.replace(SECRET, "********")


def raw(body: Any, status: int = 200, **headers: str) -> Raw:
    text = body if isinstance(body, str) else json.dumps(body)
    return Raw(status, headers, text.encode())


def whole(**more: Any) -> dict[str, Any]:
    return {
        "ActivityId": "a-1",
        "Data": None,
        "ErrorCode": 0,
        "ErrorList": None,
        "Message": "",
        "Success": True,
        **more,
    }


@pytest.mark.parametrize(
    ("answer", "envelope"),
    [
        (raw(whole(Data={"x": 1})), Envelope({"x": 1}, True, "", "a-1")),
        (raw(f"({json.dumps(whole(Data=[]))})"), Envelope([], True, "", "a-1")),
        (raw(whole(), 500), Envelope(None, True, "", "a-1")),
        (raw(whole(Success=False, Message="No.\n Not now")), Envelope(None, False, "No. Not now", "a-1")),
        (
            raw(whole(Success=False, MessageTitle="Sorry", Message="No", ErrorList=["a", "b", None], ErrorCode=7), 500),
            Envelope(None, False, "Sorry: No: a: b: error code 7", "a-1"),
        ),
        (raw(whole(Success=False, ErrorList={"E6": "No right"})), Envelope(None, False, "No right", "a-1")),
        (raw(whole(Success=False)), Envelope(None, False, "it does not say why", "a-1")),
        (
            raw(whole(Data={"IsSuccessful": False, "Message": "inside", "ActivityId": "a-2"})),
            Envelope({"IsSuccessful": False, "Message": "inside", "ActivityId": "a-2"}, False, "inside", "a-2"),
        ),
        (
            raw(whole(Data={"IsSuccessful": True, "ActivityId": "a-2"})),
            Envelope({"IsSuccessful": True, "ActivityId": "a-2"}, True, "", "a-1"),
        ),
        (raw({"IsDeterminate": True, "ProgressPercent": 3}), Envelope({"IsDeterminate": True, "ProgressPercent": 3})),
        (raw(""), Envelope(None)),
        (raw(whole(Data={"x": f"<{SECRET}>"})), Envelope({"x": "<********>"}, True, "", "a-1")),
    ],
)
def test_envelope(answer: Raw, envelope: Envelope) -> None:
    assert open_envelope(answer, redact) == envelope


@pytest.mark.parametrize(
    ("answer", "sign"),
    [
        (raw("", 498), "HTTP 498"),
        (raw(whole(Data={"x": 1}), 498), "HTTP 498"),
        (raw("", 401), "HTTP 401"),
        (
            raw("", 302, location="https://login.microsoftonline.com/x?y"),
            "HTTP 302, a redirect to login.microsoftonline.com",
        ),
        (raw("", 302, location="/Logon/AdLogon"), "HTTP 302, a redirect"),
        (raw("", 302, location="https://[::1"), "HTTP 302, a redirect"),
        (raw("<!DOCTYPE html><html>Sign in</html>"), "a web page in place of data"),
        (raw("\n <html>"), "a web page in place of data"),
    ],
)
def test_the_session_is_over(answer: Raw, sign: str) -> None:
    with pytest.raises(Over) as caught:
        open_envelope(answer, redact)
    assert str(caught.value) == sign


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (raw("hello"), "HTTP 200 with 5 bytes that are not JSON"),
        (raw("[" * 100_000), "HTTP 200 with 100000 bytes that are not JSON"),
        (raw("<html>not found</html>", 404), "HTTP 404"),
        (raw({"message": "x"}, 500), "HTTP 500"),
        (raw("\xff\xfe", 200), "HTTP 200 with 4 bytes that are not JSON"),
    ],
)
def test_strange_answers(answer: Raw, what: str) -> None:
    with pytest.raises(Strange) as caught:
        open_envelope(answer, redact)
    assert str(caught.value) == what


@pytest.mark.parametrize(
    ("page", "token"),
    [
        ('<input name="__RequestVerificationToken" type="hidden" value="abc-_1" />', "abc-_1"),
        ("<INPUT type=hidden value='abc' name='__RequestVerificationToken'>", "abc"),
        ("<input value=abc name=__RequestVerificationToken>", "abc"),
        ('<input name="other" value="x"><input name="__RequestVerificationToken" value="y">', "y"),
        ('<input name="__RequestVerificationToken" value="">', ""),
        ('<input name="__RequestVerificationToken">', ""),
        ('<input name="__RequestVerificationToken" value="a\x00b">', ""),
        ("<html>Sign in</html>", ""),
    ],
)
def test_anti_forgery_token(page: str, token: str) -> None:
    assert find_token(page) == token
