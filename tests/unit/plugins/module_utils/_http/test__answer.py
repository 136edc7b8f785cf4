"""What is made of an answer: the JSON of a good one; of a bad one what is wrong, short, masked, on one line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._answer import Raw, judge
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._redaction import MASK, Redactor
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._trouble import Trouble
from hypothesis import given
from hypothesis import strategies as st

SECRET = "s3cr3t-k3y-0123456789"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["message", "error", "errors", "x"]), inner),
)


def trouble(status: int, body: bytes | str, tls: bool = True, **headers: str) -> Trouble:
    content = body if isinstance(body, bytes) else body.encode()
    with pytest.raises(Trouble) as caught:
        judge(Raw(status, headers, content), frozenset({503}), Redactor([SECRET]), tls=tls)
    return caught.value


@given(JSON, st.sampled_from([300, 400, 500, 503]))
def test_any_error_body_gives_a_short_line(data: Any, status: int) -> None:
    found = trouble(status, json.dumps(data))
    assert found.answer.isprintable()
    assert len(found.message) <= 303


@given(st.binary() | st.text().map(str.encode), st.sampled_from([200, 301, 404]))
def test_so_does_any_body(body: bytes, status: int) -> None:
    try:
        answer = judge(Raw(status, {"location": body.decode("latin-1")}, body), (), Redactor([]), tls=True)
    except Trouble as found:
        text = found.answer
    else:
        text = str(answer.status)
    assert text.isprintable()
    assert len(text) < 400


@pytest.mark.parametrize("before", range(270, 310))
@pytest.mark.parametrize("form", ['{{"message": "{}"}}', '{{"errors": ["{}"]}}', "{}", "<title>{}</title>"])
def test_a_secret_is_masked_before_the_text_is_cut(before: int, form: str) -> None:
    """Where the cut would have split it, half of it used to be shown."""
    found = trouble(400, form.format("x" * before + SECRET))
    for text in (found.answer, found.message):
        assert SECRET[:4] not in text


@pytest.mark.parametrize("gap", ["\n", " \t "])
def test_a_secret_that_is_drawn_together_is_masked(gap: str) -> None:
    with pytest.raises(Trouble) as caught:
        judge(Raw(400, {}, f"<title>one{gap}two</title>".encode()), (), Redactor(["one two"]), tls=True)
    assert caught.value.message == f'an HTML page "{MASK}"'


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ('{"message": "\\u001b[2J\\u202egone"}', "HTTP 400: \\x1b[2J\\u202egone"),
        ("\x1b[31mred", 'HTTP 400: "\\x1b[31mred"'),
        ("<title>\x1b]0;owned\x07</title>", 'HTTP 400: an HTML page "\\x1b]0;owned\\x07"'),
        (f"x\0{SECRET}".encode("utf-16"), "HTTP 400: 48 bytes that are not text"),
        (b"\x1f\x8b\x08\x00", "HTTP 400: 4 bytes that are not text"),
        ('{"message": "\\ud800"}', "HTTP 400: \\ud800"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped(body: bytes | str, shown: str) -> None:
    assert trouble(400, body).answer == shown


@pytest.mark.parametrize("piece", ["<title>", "<title ", "<h1", " ", "\\", "x"])
def test_a_long_body_is_described_soon(piece: str) -> None:
    """In steps that grow with the square of its length, a body of some MiB would take hours."""
    found = trouble(500, piece * (8 * 1024 * 1024 // len(piece)))
    assert len(found.answer) < 400


# --- redirects ---


@pytest.mark.parametrize(
    ("location", "tls", "where", "remedy"),
    [
        ("https://other.example.com/login?k=1", True, "to https://other.example.com", "Use the final address"),
        ("https://me:pa55@other.example.com:8443/", True, "to https://other.example.com:8443", "Use the final"),
        ("https://[::1]:8443/", True, "to https://[::1]:8443", "Use the final address"),
        ("http://same.example.com/", True, "to http://same.example.com", "would be sent unencrypted"),
        ("http://same.example.com/", False, "to http://same.example.com", "Use the final address"),
        ("//other.example.com/", True, "to https://other.example.com", "Use the final address"),
        ("/elsewhere", True, "to another path", "Use the final address"),
        ("", True, "without naming a target", "Use the final address"),
        ("https://[bad", True, "to a malformed address", "Use the final address"),
        ("https://h:port/", True, "to a malformed address", "Use the final address"),
        ("javascript:alert(1)", True, "to a malformed address", "Use the final address"),
        ("https://\x1b[2J/", True, "to a malformed address", "Use the final address"),
        (f"https://{SECRET}.example.com/", True, f"to https://{MASK}.example.com", "Use the final address"),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_named_and_not_followed(location: str, tls: bool, where: str, remedy: str, status: int) -> None:
    found = trouble(status, "", tls, location=location)
    assert found.answer == f"HTTP {status}, it redirects {where}"
    assert remedy in found.remedy
    assert not found.again
