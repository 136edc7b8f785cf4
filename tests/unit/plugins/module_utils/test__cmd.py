"""Command lines for cmd.exe: arguments arrive as they were meant, secrets don't show."""

from __future__ import annotations

import re

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._cmd import (
    MASK,
    argument,
    check_plain,
    escape,
    in_one_piece,
    masked,
    spellings,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from hypothesis import example, given
from hypothesis import strategies as st

from fakes.words import NASTY, WORDS


def arguments_of(tail: str) -> list[str]:
    """What CommandLineToArgvW makes of the part behind the program (Microsoft's description, written down again)."""
    found, current, quoted, begun, position = [], "", False, False, 0
    while position < len(tail):
        slashes = len(tail) - position - len(tail[position:].lstrip("\\"))
        following = tail[position + slashes : position + slashes + 1]
        if slashes:
            begun = True
            if following == '"':
                current += "\\" * (slashes // 2) + ('"' if slashes % 2 else "")
                position += slashes + slashes % 2
            else:
                current += "\\" * slashes
                position += slashes
        elif following == '"':
            begun, quoted = True, not quoted
            position += 1
        elif following in " \t" and not quoted:
            found += [current] if begun else []
            current, begun = "", False
            position += 1
        else:
            current, begun = current + following, True
            position += 1
    return found + ([current] if begun else [])


def expanded(line: str, variables: dict[str, str]) -> str:
    """What cmd.exe makes of percent signs on a command line, before anything else (ss64, "How cmd.exe parses").

    %NAME% and %NAME:old=new% of a variable that exists are replaced, everything else stays as it is.
    """
    found, position = "", 0
    while position < len(line):
        match = re.compile(r"%([^%:]+)(:[^%]*)?%").match(line, position)
        if match and match[1].upper() in variables:
            found, position = found + variables[match[1].upper()], match.end()
        else:
            found, position = found + line[position], position + 1
    return found


def unescaped(line: str) -> str:
    """What carets leave on a line that has no quoted part."""
    return re.sub(r"\^(.)", r"\1", line, flags=re.DOTALL)


@given(st.lists(WORDS, max_size=4))
@example(list(NASTY))
@example([""])
def test_arguments_are_taken_apart_as_they_were_put_together(words: list[str]) -> None:
    assert arguments_of(" ".join(argument(word) for word in words)) == words


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("", '""'),
        ("plain", "plain"),
        ("with\\slash\\", "with\\slash\\"),
        ("two words", '"two words"'),
        ("two words\\", '"two words\\\\"'),
        ('a"b', '"a\\"b"'),
        ('a\\"b', '"a\\\\\\"b"'),
    ],
)
def test_argument(text: str, quoted: str) -> None:
    assert argument(text) == quoted


@given(WORDS, st.sampled_from(["PATH", "X", "A B"]))
@example("%PATH%", "PATH")
@example("%PATH:a=b%", "PATH")
@example("%PATH:~0,1%%PATH%", "PATH")
@example("100%", "PATH")
@example("%%PATH%%", "PATH")
@example("%^PATH%", "PATH")
def test_cmd_expands_nothing_in_an_escaped_argument(text: str, name: str) -> None:
    line = expanded(f"{escape(argument(text))} last", {name: "leaked"})
    assert arguments_of(unescaped(line)) == [text, "last"]


@given(WORDS)
@example("a b")
@example('"&calc.exe&"')
def test_no_character_of_an_escaped_argument_means_anything_to_cmd(text: str) -> None:
    bare = re.sub(r"\^.", "", escape(argument(text)), flags=re.DOTALL)
    assert not set(bare) & set('()"<>&|^')


def test_in_one_piece_is_a_loop_that_prints_what_it_collected() -> None:
    assert in_one_piece('sc.exe query "a b"& echo (x)') == (
        """for /f "delims=" %z in ('sc.exe query "a b"^& echo ^(x^)') do @echo(%z"""
    )


def test_in_one_piece_a_quote_with_a_caret_opens_nothing() -> None:
    assert in_one_piece('echo ^"& echo (x)') == ("""for /f "delims=" %z in ('echo ^^^"^& echo ^(x^)') do @echo(%z""")


@pytest.mark.parametrize("character", list('"%^&|<>!\r\n'))
def test_check_plain_refuses(character: str) -> None:
    with pytest.raises(Failure, match=r"Invalid O\(script\): .* contains a line break or one of"):
        check_plain("script", f"C:\\a{character}b")


def test_check_plain_lets_ordinary_paths_through() -> None:
    check_plain("script", r"\\files01\D365 (prod)\scripts\Set-MaintenanceMode.ps1")


# --- secrets ---


@pytest.mark.parametrize(
    ("secret", "found"),
    [
        ("", []),
        ("plain", ["plain"]),
        ("a b", ['^"a b^"', '"a b"', "a b"]),
        ('a"', ['^"a\\^"^"', '"a\\""', 'a\\"', 'a"']),
        ("a&b", ["a^&b", "a&b"]),
    ],
)
def test_spellings(secret: str, found: list[str]) -> None:
    assert spellings(secret) == found


@pytest.mark.parametrize(
    ("text", "secrets", "shown"),
    [
        pytest.param("nothing here", ["s3cret"], "nothing here", id="not in it"),
        pytest.param("it is s3cret!", ["s3cret"], f"it is {MASK}!", id="once"),
        pytest.param("xs3cretx s3cret", ["s3cret"], f"x{MASK}x {MASK}", id="inside a word too"),
        pytest.param("a", [], "a", id="no secret"),
        pytest.param("a", [""], "a", id="an empty secret"),
        pytest.param("the e in else (e)", ["e"], f"the {MASK} in else ({MASK})", id="one letter: as a word only"),
        pytest.param("1 of 12 s, code 1", ["1"], f"{MASK} of 12 s, code {MASK}", id="a digit: as a word only"),
        pytest.param("W3SVC is running", ["running"], f"W3SVC is {MASK}", id="a word of ours"),
        pytest.param("user a.b* says a.b*", ["a.b*"], f"user {MASK} says {MASK}", id="no pattern"),
        pytest.param("long and longer", ["long", "longer"], f"{MASK} and {MASK}", id="the longer one first"),
        pytest.param("axb a.b", ["a.b"], f"axb {MASK}", id="a dot is a dot in a short one"),
    ],
)
def test_masked(text: str, secrets: list[str], shown: str) -> None:
    assert masked(text, secrets) == shown


@given(st.text(), st.text(st.characters(exclude_characters="*"), min_size=4), st.text())
def test_a_secret_is_never_readable(before: str, secret: str, after: str) -> None:
    assert secret not in masked(f"{before}{secret}{after}", [secret])
