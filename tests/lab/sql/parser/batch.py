"""Reads a batch: statements, blocks, IF and TRY, as SQL Server's parser takes them.

What T-SQL does not allow is a syntax error, what it does and the lab cannot is "not simulated"; either refuses the
whole batch before anything was executed.
"""

from __future__ import annotations

from functools import lru_cache

from .. import errors, tree
from ..errors import SqlError, not_simulated
from ..tree import Block, Node
from ..types import SqlType
from ..words import STATEMENTS
from .statements import StatementParser
from .tokens import RESERVED, Kind, Token, tokens


@lru_cache(maxsize=512)
def parse(text: str, quoted_identifier: bool = True) -> Block:
    """The batch's program. Raises SqlError 102 or 156 (and others for what is wrong in ways of its own), 50000 for
    what is not simulated."""
    try:
        return BatchParser(tokens(text, quoted_identifier), quoted_identifier).batch()
    except RecursionError:
        raise errors.too_deep() from None


@lru_cache(maxsize=512)
def declared_types(declaration: str) -> dict[str, SqlType]:
    """The parameters of sp_executesql's declaration (``@P1 int, @P2 nvarchar(10)``). Raises SqlError 102."""
    if not declaration.strip():
        return {}
    parser = BatchParser(tokens(declaration))
    parser.lenient = True
    variables = parser.variables()
    if not parser.done:
        raise parser.error()
    return {name: kind for name, kind, _unused in variables}


# statements that were read before, by their text, each with its number of tokens: batches that differ in one of them
# share the others, with all that those were translated to
_known: dict[tuple[object, ...], tuple[Node, int]] = {}
_MOST_KNOWN = 4096


class BatchParser(StatementParser):
    """Statements one after another, and transactions."""

    def __init__(self, found: list[Token], quoted_identifier: bool = True) -> None:
        super().__init__(found)
        self._quoted_identifier = quoted_identifier

    def batch(self) -> Block:
        nodes = self._nodes(True)
        if not self.done:
            raise self.error()
        return Block(tuple(nodes))

    # the structure

    def _nodes(self, terminated: bool) -> list[Node]:
        """Statements up to END, ELSE or the end; ``terminated``: a semicolon or the like stands before them."""
        nodes: list[Node] = []
        while not self.done and not self.is_word("END", "ELSE"):
            if self.symbol(";"):
                terminated = True
                continue
            nodes.append(self._node(terminated))
            terminated = False
        return nodes

    def _node(self, terminated: bool) -> Node:
        key, length = self._up_to_semicolon(terminated)
        known = _known.get(key) if length else None
        if known is not None:
            self.at += known[1]
            return known[0]
        token, start = self.token, self.at
        try:
            node = self._dispatch(token, terminated)
        except SqlError as error:
            error.line = max(error.line, token.line)
            raise
        if length and self.at - start == length:
            if len(_known) >= _MOST_KNOWN:
                _known.clear()
            _known[key] = (node, length)
        return node

    def _up_to_semicolon(self, terminated: bool) -> tuple[tuple[object, ...], int]:
        """What tells a statement from another: its text up to a semicolon in the same line, and what stands before;
        with the number of tokens. 0 where what follows may belong to it, too."""
        line, texts = self.token.line, []
        length = 0
        while True:
            token = self.ahead(length)
            if token.kind == Kind.END or token.line != line:
                return (), 0
            if token.kind == Kind.SYMBOL and token.value == ";":
                break
            texts.append(token.text)
            length += 1
        following = self.ahead(length + 1)
        if following.value == "ELSE" or following.kind == Kind.NUMBER:
            return (), 0
        return (line, terminated, self.at == 0, self._quoted_identifier, *texts), length

    def _dispatch(self, token: Token, terminated: bool) -> Node:
        if self.is_symbol("("):
            return self._select_statement()
        if token.kind == Kind.WORD:
            known = _STATEMENTS.get(token.value)
            if known is not None:
                return known(self)
            if token.value == "THROW":
                return self._throw(terminated)
            if token.value == "WITH":
                raise self._with(terminated)
            if token.value in STATEMENTS:
                raise not_simulated(token.value)
            if self.ahead().kind == Kind.SYMBOL and self.ahead().value == ":" and token.value not in RESERVED:
                raise not_simulated("a label")
        if self.at == 0 and self.is_name():
            # the first statement of a batch may be a procedure's name without EXEC
            return self._call_of(token, "")
        raise self.error()

    def _with(self, terminated: bool) -> SqlError:
        if terminated:
            return not_simulated("a common table expression")
        message = (
            "Incorrect syntax near the keyword 'with'. If this statement is a common table expression, an "
            "xmlnamespaces clause or a change tracking context clause, the previous statement must be terminated with "
            "a semicolon."
        )
        return SqlError(319, message, 15)

    def _if(self) -> Node:
        token = self.next()
        condition = self.condition()
        then = self._body()
        mark = self.at
        self.symbol(";")
        if not self.word("ELSE"):
            self.at = mark
            return tree.If(token.line, condition, then, None)
        return tree.If(token.line, condition, then, self._body())

    def _body(self) -> Node:
        """The one statement of an IF or ELSE."""
        if self.done or self.is_word("END", "ELSE") or self.is_symbol(";"):
            raise self.error()
        return self._node(True)

    def _begin(self) -> Node:
        token, following = self.token, self.ahead()
        if following.kind == Kind.WORD:
            if following.value in ("TRAN", "TRANSACTION"):
                self.at += 2
                return tree.Begin(token.line, self._transaction_name())
            if following.value == "TRY":
                return self._try()
            if following.value in ("DISTRIBUTED", "DIALOG", "CONVERSATION", "ATOMIC"):
                raise not_simulated(f"BEGIN {following.value}")
        self.next()
        self.symbol(";")
        nodes = self._nodes(True)
        if not nodes:
            raise self.error()
        self.need_word("END")
        return Block(tuple(nodes))

    def _try(self) -> Node:
        self.at += 2
        nodes = self._nodes(True)
        if not nodes:
            # near TRY, as SQL Server has it
            self.word("END")
            raise self.error()
        self.need_word("END")
        self.need_word("TRY")
        for word in ("BEGIN", "CATCH"):
            self.need_word(word)
        handler = self._nodes(True)
        for word in ("END", "CATCH"):
            self.need_word(word)
        return tree.Try(Block(tuple(nodes)), Block(tuple(handler)))

    # queries and changes

    def _select_statement(self) -> Node:
        line = self.token.line
        return tree.SelectStatement(line, self.query(inner=False))

    # transactions

    def _transaction_name(self) -> str | tree.Variable:
        """The name of a transaction. THROW is one, too: it is no reserved word."""
        if self.token.kind == Kind.VARIABLE:
            name: str | tree.Variable = tree.Variable(self.next().value)
        elif self.is_name():
            name = self.need_name()
            if len(name) > 32:
                message = f"The identifier that starts with '{name[:32]}' is too long. Maximum length is 32."
                raise SqlError(103, message, 15)
        else:
            return ""
        if self.is_word("WITH") and self.ahead().value == "MARK":
            raise not_simulated("BEGIN TRANSACTION ... WITH MARK")
        return name

    def _commit(self) -> Node:
        line = self.next().line
        if self.word("TRAN", "TRANSACTION"):
            # COMMIT takes a name and pays no attention to it
            self._transaction_name()
        else:
            self.word("WORK")
        if self.is_word("WITH") and self.ahead().value == "(":
            raise not_simulated("COMMIT ... WITH")
        return tree.Commit(line)

    def _rollback(self) -> Node:
        line = self.next().line
        if self.word("TRAN", "TRANSACTION"):
            return tree.Rollback(line, self._transaction_name())
        self.word("WORK")
        return tree.Rollback(line)


_STATEMENTS = {
    "BEGIN": BatchParser._begin,
    "COMMIT": BatchParser._commit,
    "DECLARE": BatchParser._declare,
    "DELETE": BatchParser._delete,
    "EXEC": BatchParser._exec,
    "EXECUTE": BatchParser._exec,
    "IF": BatchParser._if,
    "INSERT": BatchParser._insert,
    "PRINT": BatchParser._print,
    "RAISERROR": BatchParser._raiserror,
    "RETURN": BatchParser._return,
    "ROLLBACK": BatchParser._rollback,
    "SELECT": BatchParser._select_statement,
    "SET": BatchParser._set,
    "UPDATE": BatchParser._update,
    "USE": BatchParser._use,
    "WAITFOR": BatchParser._waitfor,
}
