"""A T-SQL batch as a program: statements, blocks and IFs.

sqlglot reads single statements well, but neither IF, THROW, PRINT nor statements without a semicolon between them.
So its tokens are cut into statements here, by the words that can only begin one, and sqlglot gets each by itself.
What is not known is a syntax error or "not simulated", for the whole batch, before anything was executed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.tsql import TSQL
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.tsql import TSQLParser
from sqlglot.tokenizer_core import Token, TokenType

from .errors import SqlError, not_simulated, syntax

# what sqlglot does not understand is refused here; it need not warn as well
logging.getLogger("sqlglot").setLevel(logging.ERROR)


class Dialect(TSQL):
    """T-SQL, with every function left under its own name (sqlglot would otherwise unite e.g. ISNULL and COALESCE), and
    every word a token (sqlglot would otherwise take END and its like, with all that follows, for one command)."""

    class Tokenizer(TSQL.Tokenizer):
        COMMANDS: ClassVar[set[TokenType]] = set()

    class Parser(TSQLParser):
        FUNCTIONS: ClassVar[dict[str, Callable[..., exp.Expr]]] = {}


@dataclass
class Statement:
    """One statement; ``kind`` is its first word."""

    kind: str
    line: int
    # SELECT, INSERT, UPDATE, DELETE, DECLARE, EXEC: the syntax tree
    tree: exp.Expr | None = None
    # THROW, RAISERROR, PRINT, SET @x: the arguments
    arguments: list[exp.Expr] = field(default_factory=list)
    # SET option, USE, WAITFOR: the words; EXEC @code = ...: the variable
    words: list[str] = field(default_factory=list)


@dataclass
class If:
    condition: exp.Expr
    then: Node
    otherwise: Node | None
    line: int


@dataclass
class Block:
    nodes: list[Node]


@dataclass
class Try:
    body: Block
    catch: Block


Node = Statement | If | Block | Try

_STARTER_WORDS = """
    ALTER BACKUP BEGIN CLOSE COMMIT CREATE DBCC DEALLOCATE DECLARE DELETE DENY DROP ELSE END EXEC EXECUTE FETCH GO GOTO
    GRANT IF INSERT KILL MERGE OPEN PRINT RAISERROR RECONFIGURE RETURN REVOKE ROLLBACK SAVE SELECT SET SHUTDOWN THROW
    TRUNCATE UPDATE USE WAITFOR WHILE
"""
_STARTERS = frozenset(_STARTER_WORDS.split())
_TREES: dict[str, tuple[type[exp.Expr], ...]] = {
    "SELECT": (exp.Select, exp.SetOperation),
    "INSERT": (exp.Insert,),
    "UPDATE": (exp.Update,),
    "DELETE": (exp.Delete,),
    "DECLARE": (exp.Declare,),
}
_NAMES = frozenset((TokenType.IDENTIFIER, TokenType.STRING, TokenType.NATIONAL_STRING, TokenType.HEX_STRING))


def parse(batch: str) -> Block:
    """The batch's program. Raises SqlError 102 (or 105 for an open quote, 50000 for what is not simulated)."""
    try:
        tokens = Dialect().tokenize(batch)
    except TokenError as error:
        raise _unreadable(batch) from error
    return _Parser(batch, tokens).batch()


def _unreadable(batch: str) -> SqlError:
    """What the tokenizer could not read is an open string (or name in brackets), or an open comment."""
    rest = batch[batch.rfind("'") + 1 :][:60]
    if batch.count("'") % 2:
        return SqlError(105, f"Unclosed quotation mark after the character string '{rest}'.", 15)
    if batch.count("/*") > batch.count("*/"):
        return SqlError(113, "Missing end comment mark '*/'.", 15)
    return syntax(rest)


class _Parser:
    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self._text = text
        self._tokens = tokens
        self._at = 0

    def batch(self) -> Block:
        nodes = self._nodes()
        if self._at < len(self._tokens):
            raise self._error(self._tokens[self._at])
        return Block(nodes)

    # the structure

    def _nodes(self) -> list[Node]:
        nodes: list[Node] = []
        while self._at < len(self._tokens):
            if self._tokens[self._at].token_type == TokenType.SEMICOLON:
                self._at += 1
            elif self._word() in ("END", "ELSE"):
                break
            else:
                nodes.append(self._node())
        return nodes

    def _node(self) -> Node:
        if self._at >= len(self._tokens):
            raise self._error(self._tokens[-1])
        token = self._tokens[self._at]
        try:
            return self._dispatch(self._word(), token)
        except SqlError as error:
            error.line = max(error.line, token.line)
            raise

    def _dispatch(self, word: str, token: Token) -> Node:
        if word == "IF":
            return self._if(token)
        if word == "BEGIN":
            following = self._word(1)
            if following in ("TRAN", "TRANSACTION"):
                return self._transaction("BEGIN", token)
            if following == "TRY":
                return self._try()
            if following in ("DISTRIBUTED", "DIALOG", "CONVERSATION", "CATCH", "ATOMIC"):
                raise not_simulated(f"BEGIN {following}")
            return self._block()
        if word in ("COMMIT", "ROLLBACK"):
            return self._transaction(word, token)
        if word in ("SELECT", "INSERT", "UPDATE", "DELETE", "DECLARE"):
            tree = self._tree(self._simple())
            if not isinstance(tree, _TREES[word]):
                raise not_simulated(f"this form of {word}")
            return Statement(word, token.line, tree)
        if word in ("EXEC", "EXECUTE"):
            return self._exec(token)
        if word in ("THROW", "RAISERROR", "PRINT"):
            return self._with_arguments(word, token)
        if word == "SET":
            return self._set(token)
        if word in ("USE", "WAITFOR", "RETURN"):
            span = self._simple()
            return Statement(word, token.line, words=[each.text for each in span[1:]])
        if word in _STARTERS:
            raise not_simulated(word)
        if self._at == 0 and token.token_type in (TokenType.VAR, TokenType.IDENTIFIER):
            # the first statement of a batch may be a procedure's name without EXEC
            return Statement("EXEC", token.line, self._tree(self._simple(), "EXEC "))
        raise self._error(token)

    def _if(self, token: Token) -> If:
        self._at += 1
        condition = self._condition(self._span(self._at, ()))
        then = self._node()
        mark = self._at
        while self._at < len(self._tokens) and self._tokens[self._at].token_type == TokenType.SEMICOLON:
            self._at += 1
        if self._word() != "ELSE":
            self._at = mark
            return If(condition, then, None, token.line)
        self._at += 1
        return If(condition, then, self._node(), token.line)

    def _block(self) -> Block:
        begin = self._tokens[self._at]
        self._at += 1
        nodes = self._nodes()
        if self._word() != "END":
            raise self._error(self._tokens[min(self._at, len(self._tokens) - 1)])
        if not nodes:
            raise syntax("END")
        end = self._tokens[self._at]
        assert begin.start < end.start
        self._at += 1
        return Block(nodes)

    def _try(self) -> Try:
        bodies = []
        for part in ("TRY", "CATCH"):
            for expected in ("BEGIN", part):
                if self._word() != expected:
                    raise self._error(self._tokens[min(self._at, len(self._tokens) - 1)])
                self._at += 1
            bodies.append(Block(self._nodes()))
            for expected in ("END", part):
                if self._word() != expected:
                    raise self._error(self._tokens[min(self._at, len(self._tokens) - 1)])
                self._at += 1
        return Try(*bodies)

    def _transaction(self, word: str, token: Token) -> Statement:
        self._at += 1
        if self._word() in ("TRAN", "TRANSACTION", "WORK"):
            self._at += 1
        rest = self._span(self._at, ())
        if rest:
            raise (
                not_simulated(f"{word} TRANSACTION with a name or options") if len(rest) == 1 else self._error(rest[0])
            )
        return Statement(word, token.line)

    # single statements

    def _with_arguments(self, word: str, token: Token) -> Statement:
        span = self._simple()
        rest = self._slice(span[1:])
        if word == "RAISERROR":
            tree = self._select(f"{word}{rest}" if rest.startswith("(") else "")
            call = tree[0] if len(tree) == 1 else None
            if not isinstance(call, exp.Anonymous):
                raise syntax(word)
            return Statement(word, token.line, arguments=list(call.expressions))
        arguments = self._select(rest) if rest else []
        if len(arguments) not in {"PRINT": (1,), "THROW": (0, 3)}[word]:
            raise syntax(word)
        return Statement(word, token.line, arguments=arguments)

    def _exec(self, token: Token) -> Statement:
        span = list(self._simple())
        words = []
        if len(span) > 4 and span[1].token_type == TokenType.PARAMETER and span[3].token_type == TokenType.EQ:
            # EXEC @code = procedure: sqlglot drops the variable
            words = [span[2].text]
            span = span[4:]
            return Statement("EXEC", token.line, self._read(f"EXEC {self._slice(span)}"), words=words)
        return Statement("EXEC", token.line, self._tree(span))

    def _set(self, token: Token) -> Statement:
        span = self._simple()
        if len(span) > 1 and span[1].token_type == TokenType.PARAMETER:
            if len(span) < 5 or span[3].token_type != TokenType.EQ:
                raise not_simulated("SET with a compound assignment")
            variable = exp.Literal.string(span[2].text)
            return Statement("SET", token.line, arguments=[variable, *self._select(self._slice(span[4:]))])
        return Statement("SET", token.line, words=[each.text for each in span[1:]])

    def _select(self, arguments: str) -> list[exp.Expr]:
        tree = self._read(f"SELECT {arguments}")
        if {key for key, value in tree.args.items() if value} != {"expressions"}:
            raise syntax(arguments[:20])
        return list(tree.expressions)

    def _condition(self, span: Sequence[Token]) -> exp.Expr:
        if not span:
            raise syntax("IF")
        tree = self._read(f"SELECT 1 WHERE {self._slice(span)}")
        where = tree.args["where"]
        assert isinstance(where, exp.Where)
        condition: exp.Expr = where.this
        return condition

    def _tree(self, span: Sequence[Token], prefix: str = "") -> exp.Expr:
        return self._read(prefix + self._slice(span))

    def _read(self, text: str) -> exp.Expr:
        try:
            trees = sqlglot.parse(text, read=Dialect)
        except ParseError as error:
            found = error.errors[0].get("highlight") if error.errors else None
            raise syntax(found or text.split()[-1]) from None
        except TokenError:
            raise syntax(text[:20]) from None
        if len(trees) != 1 or not isinstance(trees[0], exp.Expr):
            raise syntax(text[:20])
        return trees[0]

    # tokens

    def _word(self, ahead: int = 0) -> str:
        at = self._at + ahead
        if at >= len(self._tokens) or self._tokens[at].token_type in _NAMES:
            return ""
        return self._tokens[at].text.upper()

    def _slice(self, span: Sequence[Token]) -> str:
        return self._text[span[0].start : span[-1].end + 1] if span else ""

    def _simple(self) -> Sequence[Token]:
        """The tokens of the statement here, up to the next one's first word."""
        word = self._word()
        inside = {"UPDATE": ("SET",), "INSERT": ("SELECT", "EXEC", "EXECUTE")}.get(word, ())
        return self._span(self._at + 1, inside)

    def _span(self, start: int, inside: tuple[str, ...]) -> Sequence[Token]:
        begin, at, depth, cases = self._at, start, 0, 0
        allowed = list(inside)
        while at < len(self._tokens):
            token = self._tokens[at]
            word = "" if token.token_type in _NAMES else token.text.upper()
            before = self._tokens[at - 1] if at else None
            if before and before.token_type in (TokenType.DOT, TokenType.PARAMETER):
                word = ""
            if token.token_type == TokenType.L_PAREN:
                depth += 1
            elif token.token_type == TokenType.R_PAREN:
                depth -= 1
            elif token.token_type == TokenType.SEMICOLON:
                break
            elif word == "CASE":
                cases += 1
            elif word == "END" and cases:
                cases -= 1
            elif word in _STARTERS and not depth and not cases:
                joined = before is not None and before.text.upper() in ("UNION", "ALL", "EXCEPT", "INTERSECT")
                if word in allowed:
                    allowed.remove(word)
                elif not (word == "SELECT" and joined):
                    break
            at += 1
        self._at = at
        return self._tokens[begin:at]

    @staticmethod
    def _error(token: Token) -> SqlError:
        error = syntax(token.text)
        error.line = token.line
        return error
