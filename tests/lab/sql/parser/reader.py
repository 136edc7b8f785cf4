"""A parser's place among the tokens, and SQL Server's errors for what stands there."""

from __future__ import annotations

from ..errors import SqlError, keyword, syntax
from .tokens import RESERVED, Kind, Token


class Reader:
    """Reads tokens one after another."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self.at = 0

    @property
    def token(self) -> Token:
        return self._tokens[self.at]

    def ahead(self, count: int = 1) -> Token:
        """The token after this one."""
        return self._tokens[min(self.at + count, len(self._tokens) - 1)]

    def next(self) -> Token:
        """This token; then go on."""
        token = self._tokens[self.at]
        if token.kind != Kind.END:
            self.at += 1
        return token

    # what stands here

    def is_word(self, *words: str) -> bool:
        token = self._tokens[self.at]
        return token.kind == Kind.WORD and token.value in words

    def is_symbol(self, *symbols: str) -> bool:
        token = self._tokens[self.at]
        return token.kind == Kind.SYMBOL and token.value in symbols

    def is_name(self) -> bool:
        """Whether an identifier stands here: a word that is not reserved, or a name in brackets."""
        token = self._tokens[self.at]
        return token.kind == Kind.NAME or (token.kind == Kind.WORD and token.value not in RESERVED)

    @property
    def done(self) -> bool:
        return self._tokens[self.at].kind == Kind.END

    # go on if it is this

    def word(self, *words: str) -> str:
        """The word that stands here, if it is one of these, and go on; else nothing."""
        return self.next().value if self.is_word(*words) else ""

    def symbol(self, *symbols: str) -> str:
        """The same for a symbol."""
        return self.next().value if self.is_symbol(*symbols) else ""

    def need_word(self, *words: str) -> str:
        """One of these words. Raises SqlError 102 or 156 where something else stands."""
        if not self.is_word(*words):
            raise self.error()
        return self.next().value

    def need_symbol(self, symbol: str) -> None:
        if not self.is_symbol(symbol):
            raise self.error()
        self.next()

    def need_name(self) -> str:
        """An identifier."""
        if not self.is_name():
            raise self.error()
        token = self.next()
        return token.text if token.kind == Kind.WORD else token.value

    def need_variable(self) -> str:
        if self.token.kind != Kind.VARIABLE:
            raise self.error()
        return self.next().value

    def dotted(self) -> tuple[str, ...]:
        """A name with up to three others before it; one in the middle may be left out (``db..name``)."""
        parts = [self.need_name()]
        while self.symbol("."):
            if self.is_symbol("."):
                parts.append("")
            else:
                parts.append(self.need_name())
        if len(parts) > 4:
            text = ".".join(parts)
            raise SqlError(
                117,
                f"The object name '{text}' contains more than the maximum number of prefixes. The maximum is 3.",
                15,
            )
        return tuple(parts)

    def error(self) -> SqlError:
        """Incorrect syntax near what stands here; at the end of the text, near the last token."""
        token = self.token
        if token.kind == Kind.END and self.at:
            token = self._tokens[self.at - 1]
        text = token.value if token.kind == Kind.STRING else token.text
        reserved = token.kind == Kind.WORD and token.value in RESERVED
        error = keyword(text) if reserved else syntax(text)
        error.line = token.line
        return error
