"""Matchers: what is read from texts, what is refused, and what they fit."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager._matchers import (
    Matcher,
    covers,
    parse_matchers,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Invalid
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]*", fullmatch=True) | st.text(min_size=1)
MATCHERS = st.builds(Matcher, NAMES, st.text(), st.booleans(), st.booleans())
CHOOSES = Matcher("instance", "dev01")


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (['instance="dev01"'], ['instance="dev01"']),
        (["instance=dev01"], ['instance="dev01"']),
        ([' instance = "dev01" , alertname =~ "Host.*" '], ['instance="dev01"', 'alertname=~"Host.*"']),
        (['{instance="dev01", env!="test",}'], ['instance="dev01"', 'env!="test"']),
        (["instance=dev01", 'job!~"a|b"'], ['instance="dev01"', 'job!~"a|b"']),
        (['summary="one, two"'], ['summary="one, two"']),
        (['summary="one', ' two"'], ['summary="one, two"']),  # as Ansible splits a text into a list
        ([r'path="C:\\temp"'], [r'path="C:\\temp"']),
        ([r'instance=~"dev\d+"'], [r'instance=~"dev\\d+"']),  # a lone backslash stands for itself
        ([r'said="\"yes\"\n"'], [r'said="\"yes\"\n"']),
        (['"k8s.io/name"="web"'], ['"k8s.io/name"="web"']),
        (["instance=dev01,instance=dev01"], ['instance="dev01"']),
        (["instance=~dev0{2}"], ['instance=~"dev0{2}"']),
    ],
)
def test_texts_are_read_as_alertmanager_does(texts: list[str], found: list[str]) -> None:
    assert [str(matcher) for matcher in parse_matchers(texts)] == found


@given(st.lists(MATCHERS, max_size=4, unique=True))
def test_every_matcher_is_read_as_it_was_written(matchers: list[Matcher]) -> None:
    all_of_them = [CHOOSES, *(matcher for matcher in matchers if matcher != CHOOSES)]
    assert parse_matchers([", ".join(map(str, all_of_them))]) == tuple(all_of_them)
    assert parse_matchers([f"{{{','.join(map(str, all_of_them))}}}"]) == tuple(all_of_them)


@given(st.text())
def test_a_text_is_matchers_or_refused(text: str) -> None:
    found: Sequence[Matcher] = ()
    with suppress(Invalid):
        found = parse_matchers([text])
    assert not found or any(matcher.chooses for matcher in found)


@pytest.mark.parametrize(
    "text", ["instance", "instance=", "=dev01", 'instance="dev01', "1st=x", "a=b c=d=e,f", 'a="b"c']
)
def test_what_is_no_matcher_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match=r"Invalid O\(matchers\)"):
        parse_matchers([text])


@pytest.mark.parametrize(
    "text",
    ["", " ", "{}", 'a=""', 'a=~".*"', 'a=~".+"', 'a=~""', 'a=~"x|"', 'a!="x"', 'a!~"x"', 'a!=""', 'a=~".+",b!="x"'],
)
def test_matchers_that_fit_every_alert_are_refused(text: str) -> None:
    """Alertmanager itself refuses those only that all fit the empty text, and takes a!="x" for one that does not."""
    with pytest.raises(Invalid, match=r"fits every alert|empty"):
        parse_matchers([text])


@pytest.mark.parametrize("text", ['a="x"', 'a=~"x.*"', 'a=~"x",b!="y"', r'a=~"\pN+"', 'a=~"[[:alpha:]]+"', 'a=~"("'])
def test_matchers_that_choose_are_taken(text: str) -> None:
    """So is an expression that only Alertmanager can read, or nobody: it is asked before anything is written."""
    assert len(parse_matchers([text])) >= 1


@pytest.mark.parametrize(
    ("matcher", "text", "fits"),
    [
        ('a="x"', "x", True),
        ('a="x"', "xy", False),
        ('a!="x"', "x", False),
        ('a!="x"', "", True),
        ('a=~"x."', "xy", True),
        ('a=~"x."', "xyz", False),
        ('a=~"x."', "x\n", True),
        ('a!~"x."', "xy", False),
        ('a=~"("', "(", False),
        ('a!~"("', "x", False),
    ],
)
def test_what_fits(matcher: str, text: str, fits: bool) -> None:
    found = parse_matchers([matcher, "z=z"])[0]
    assert found.matches(text) is fits


@pytest.mark.parametrize(
    ("wider", "covered"),
    [
        ('instance="dev01"', True),
        ('instance=~"dev.*"', True),
        ('instance=~"dev.*",job="windows"', True),
        ('job!="linux",instance="dev01"', True),
        ('instance="dev02"', False),
        ('instance="dev01",alertname="Down"', False),
        ('instance=~"\\pN"', False),
    ],
)
def test_what_covers_the_same_alerts(wider: str, covered: bool) -> None:
    matchers = parse_matchers(['instance="dev01",job="windows",env=~"prod|test"'])
    assert covers(parse_matchers([wider]), matchers) is covered
