"""One token a run, renewed when it is over."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, TimedOut
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._tokens import Token, Tokens

from fakes.clock import Time


@dataclass
class Source:
    """Gives t1, t2, ... unless it has to fail."""

    renewable: bool = True
    seconds: float | None = 3599.0
    fails: Failure | None = None
    asked: list[str] = field(default_factory=list)

    def token(self, resource: str) -> Token:
        self.asked.append(resource)
        if self.fails:
            raise self.fails
        return Token(f"t{len(self.asked)}", self.seconds)


@pytest.mark.parametrize(
    ("seconds", "renewable", "after", "token"),
    [
        (3599.0, True, 0.0, "t1"),
        (3599.0, True, 3400.0, "t1"),
        (3599.0, True, 3500.0, "t2"),
        (3599.0, True, 9999.0, "t2"),
        (3599.0, False, 9999.0, "t1"),
        (None, True, 10**6, "t1"),
    ],
)
def test_renewed_before_it_ends(seconds: float | None, renewable: bool, after: float, token: str) -> None:
    time, source = Time(), Source(renewable, seconds)
    tokens = Tokens(source, lambda: time.now)
    assert tokens.get("a") == "t1"
    time.now = after
    assert tokens.get("a") == token


def test_each_resource_has_its_own() -> None:
    source = Source()
    tokens = Tokens(source, lambda: 0.0)
    assert [tokens.get("a"), tokens.get("b"), tokens.get("a")] == ["t1", "t2", "t1"]
    assert source.asked == ["a", "b"]


def test_renewed_when_it_was_not_taken() -> None:
    tokens = Tokens(Source(), lambda: 0.0)
    assert [tokens.get("a"), tokens.renew("a"), tokens.get("a")] == ["t1", "t2", "t2"]
    assert Tokens(Source(renewable=False), lambda: 0.0).renew("a") is None


@pytest.mark.parametrize(
    ("failure", "asked"),
    [
        (Failure("get a token", "it", "invalid_client", "Check it"), 1),
        (TimedOut("get a token", "it", "late", "Wait"), 2),
    ],
)
def test_who_was_refused_is_not_asked_again(failure: Failure, asked: int) -> None:
    source = Source(fails=failure)
    tokens = Tokens(source, lambda: 0.0)
    for _time in range(2):
        with pytest.raises(Failure):
            tokens.get("a")
    assert len(source.asked) == asked


def test_no_token_is_shown() -> None:
    tokens = Tokens(Source(), lambda: 0.0)
    assert tokens.get("a") == "t1"
    assert "t1" not in repr(tokens)
    assert "secret" not in repr(Token("secret"))
