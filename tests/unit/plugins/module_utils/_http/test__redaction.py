"""A secret appears in no message, in whatever form a server quotes it."""

from __future__ import annotations

import base64
import html
import json
import urllib.parse

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import basic
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._redaction import MASK, Redactor
from hypothesis import given
from hypothesis import strategies as st

SECRET = 'k3y/"ü+&= \\x𝄞'
SECRETS = st.text(st.characters(codec="utf-8"), min_size=4).filter(lambda text: text.strip("* \t\n\r\x1f"))

FORMS = {
    "as it is": SECRET,
    "quoted": urllib.parse.quote(SECRET, safe=""),
    "quoted, but for slashes": urllib.parse.quote(SECRET),
    "quoted, in lower case": urllib.parse.quote(SECRET, safe="").lower(),
    "quoted twice": urllib.parse.quote(urllib.parse.quote(SECRET, safe=""), safe=""),
    "of a form": urllib.parse.quote_plus(SECRET),
    "JSON": json.dumps(SECRET)[1:-1],
    "JSON in UTF-8": json.dumps(SECRET, ensure_ascii=False)[1:-1],
    "JSON with escaped slashes": json.dumps(SECRET)[1:-1].replace("/", "\\/"),
    "JSON of Gson": json.dumps(SECRET)[1:-1].replace("&", "\\u0026").replace("=", "\\u003D"),
    "JSON in JSON": json.dumps(json.dumps(SECRET)[1:-1])[1:-1],
    "HTML": html.escape(SECRET),
    "HTML by numbers": "".join(c if c.isascii() and c.isalnum() else f"&#{ord(c)};" for c in SECRET),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_masked(form: str) -> None:
    assert Redactor([SECRET])(f"the key '{FORMS[form]}' is wrong") == f"the key '{MASK}' is wrong"


@given(SECRETS)
def test_any_secret_is_masked(secret: str) -> None:
    redact = Redactor([secret])
    for text in (secret, urllib.parse.quote(secret, safe=""), json.dumps(secret)[1:-1], html.escape(secret)):
        assert redact(f"<{text}>") == f"<{MASK}>"


def test_a_credential_is_masked_with_and_without_its_scheme_and_padding() -> None:
    login = basic("me", "pa55 word!")
    assert login.endswith("=")
    redact = Redactor(["pa55 word!"], [login])
    coded = login.split()[1]
    for text in (login, coded, coded.rstrip("="), "pa55 word!", urllib.parse.quote(coded, safe="")):
        assert redact(f"<{text}>").replace("=", "") == f"<{MASK}>"
    assert redact("a word") == "a word"
    assert base64.b64decode(coded) == b"me:pa55 word!"


def test_the_longest_secret_goes_first() -> None:
    assert Redactor(["abcd", "abcdefgh"])("abcdefgh abcd") == f"{MASK} {MASK}"


def test_nothing_secret() -> None:
    assert Redactor(["", "  "])("a b") == "a b"


@pytest.mark.parametrize(
    "secret",
    ["\\\\x", "\\" * 20 + "x", " " * 20 + "x", "  a b", " \t\n z", "/a", "a  b", "===x", "+ + + +x", "\"'\"'x"],
)
@pytest.mark.parametrize("piece", ["\\", "%25", " ", "&#0", "&#x0", "+", '\\"', "\\u005c", "="])
def test_a_server_cannot_keep_a_search_busy(secret: str, piece: str) -> None:
    """The text is long enough that anything but a number of steps that grows with it would take hours."""
    text = piece * 20_000
    masked = Redactor([secret])(text)
    assert MASK not in masked
