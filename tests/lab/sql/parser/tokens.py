"""T-SQL text as tokens, and the words that T-SQL reserves."""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

from ..errors import SqlError, syntax


class Kind(Enum):
    """What a token is. A NAME stands in brackets or double quotes, a WORD does not."""

    WORD = "word"
    NAME = "name"
    STRING = "string"
    NATIONAL = "national"
    BINARY = "binary"
    NUMBER = "number"
    MONEY = "money"
    VARIABLE = "variable"
    GLOBAL = "global"
    SYMBOL = "symbol"
    END = "end"


class Token(NamedTuple):
    """``text`` is as written; ``value`` is a word in capitals, a name or string without its quotes, a symbol."""

    kind: Kind
    text: str
    value: str
    line: int


_PATTERN = re.compile(
    r"""
    (?P<blank>\s+|--[^\n]*)
    | (?P<comment>/\*)
    | (?P<national>[nN]'(?:[^']|'')*')
    | (?P<string>'(?:[^']|'')*')
    | (?P<bracket>\[(?:[^\]]|\]\])*\])
    | (?P<quoted>"(?:[^"]|"")*")
    | (?P<binary>0[xX][0-9a-fA-F]*)
    | (?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<money>[$£€¥](?:[0-9][0-9,]*\.?[0-9]*|\.[0-9]+)?)
    | (?P<global>@@[\w@#$]+)
    | (?P<variable>@[\w@#$]+)
    | (?P<word>(?:[^\W0-9]|\#)[\w@#$]*)
    | (?P<symbol><\s*[=>]|>\s*=|!\s*[=<>]|[-+*/%&|^]=|::|[-+*/%&|^~=<>(),.;:?{}\\!@$])
    """,
    re.VERBOSE,
)
_KINDS = {
    "word": Kind.WORD,
    "symbol": Kind.SYMBOL,
    "string": Kind.STRING,
    "national": Kind.NATIONAL,
    "bracket": Kind.NAME,
    "quoted": Kind.NAME,
    "binary": Kind.BINARY,
    "number": Kind.NUMBER,
    "money": Kind.MONEY,
    "variable": Kind.VARIABLE,
    "global": Kind.GLOBAL,
}
# Microsoft Learn, "Reserved keywords (Transact-SQL)". THROW, TRY, CATCH, OUTPUT and OFFSET are not among them: an
# alias or a transaction may be called so.
_RESERVED_WORDS = """
    ADD ALL ALTER AND ANY AS ASC AUTHORIZATION BACKUP BEGIN BETWEEN BREAK BROWSE BULK BY CASCADE CASE CHECK CHECKPOINT
    CLOSE CLUSTERED COALESCE COLLATE COLUMN COMMIT COMPUTE CONSTRAINT CONTAINS CONTAINSTABLE CONTINUE CONVERT CREATE
    CROSS CURRENT CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER CURSOR DATABASE DBCC DEALLOCATE DECLARE
    DEFAULT DELETE DENY DESC DISK DISTINCT DISTRIBUTED DOUBLE DROP DUMP ELSE END ERRLVL ESCAPE EXCEPT EXEC EXECUTE
    EXISTS EXIT EXTERNAL FETCH FILE FILLFACTOR FOR FOREIGN FREETEXT FREETEXTTABLE FROM FULL FUNCTION GOTO GRANT GROUP
    HAVING HOLDLOCK IDENTITY IDENTITYCOL IDENTITY_INSERT IF IN INDEX INNER INSERT INTERSECT INTO IS JOIN KEY KILL LEFT
    LIKE LINENO LOAD MERGE NATIONAL NOCHECK NONCLUSTERED NOT NULL NULLIF OF OFF OFFSETS ON OPEN OPENDATASOURCE
    OPENQUERY OPENROWSET OPENXML OPTION OR ORDER OUTER OVER PERCENT PIVOT PLAN PRECISION PRIMARY PRINT PROC PROCEDURE
    PUBLIC RAISERROR READ READTEXT RECONFIGURE REFERENCES REPLICATION RESTORE RESTRICT RETURN REVERT REVOKE RIGHT
    ROLLBACK ROWCOUNT ROWGUIDCOL RULE SAVE SCHEMA SECURITYAUDIT SELECT SEMANTICKEYPHRASETABLE
    SEMANTICSIMILARITYDETAILSTABLE SEMANTICSIMILARITYTABLE SESSION_USER SET SETUSER SHUTDOWN SOME STATISTICS
    SYSTEM_USER TABLE TABLESAMPLE TEXTSIZE THEN TO TOP TRAN TRANSACTION TRIGGER TRUNCATE TRY_CONVERT TSEQUAL UNION
    UNIQUE UNPIVOT UPDATE UPDATETEXT USE USER VALUES VARYING VIEW WAITFOR WHEN WHERE WHILE WITH WRITETEXT
"""
RESERVED = frozenset(_RESERVED_WORDS.split())


def tokens(text: str, quoted_identifier: bool = True) -> list[Token]:
    """The tokens of a batch; the last one is of the kind END. Without QUOTED_IDENTIFIER text in double quotes is a
    string. Raises SqlError 105 (an open quote), 113 (an open comment) or 102."""
    found: list[Token] = []
    line = 1
    at = 0
    size = len(text)
    while at < size:
        match = _PATTERN.match(text, at)
        if match is None:
            raise _unreadable(text, at, line)
        group = match.lastgroup or ""
        whole = match.group()
        at = match.end()
        if group == "comment":
            at = _end_of_comment(text, at, line)
            whole = text[match.start() : at]
        elif group != "blank":
            kind = _KINDS[group]
            if group == "quoted" and not quoted_identifier:
                kind = Kind.STRING
            found.append(Token(kind, whole, _value(group, whole), line))
        line += whole.count("\n")
    found.append(Token(Kind.END, found[-1].text if found else "", "", line))
    return found


def _value(group: str, whole: str) -> str:
    if group == "word":
        return whole.upper()
    if group == "string":
        return _joined(whole[1:-1].replace("''", "'"))
    if group == "national":
        return _joined(whole[2:-1].replace("''", "'"))
    if group == "bracket":
        return whole[1:-1].replace("]]", "]")
    if group == "quoted":
        return whole[1:-1].replace('""', '"')
    if group == "symbol":
        return "".join(whole.split())
    return whole[1:] if group == "variable" else whole[2:] if group in ("global", "binary") else whole


def _joined(text: str) -> str:
    # a backslash at the end of a line continues a constant in the next
    return text.replace("\\\r\n", "").replace("\\\n", "") if "\\" in text else text


def _end_of_comment(text: str, at: int, line: int) -> int:
    depth = 1
    for match in re.compile(r"/\*|\*/").finditer(text, at):
        # T-SQL's comments nest
        depth += 1 if match.group() == "/*" else -1
        if not depth:
            return match.end()
    error = SqlError(113, "Missing end comment mark '*/'.", 15)
    error.line = line
    raise error


def _unreadable(text: str, at: int, line: int) -> SqlError:
    """What no pattern fits is a quote that is never closed, or a sign that T-SQL does not have."""
    if text[at] in "'\"[" or text[at : at + 2].lower() == "n'":
        message = f"Unclosed quotation mark after the character string '{text[at + 1 :][:60]}'."
        error = SqlError(105, message, 15)
    else:
        error = syntax(text[at])
    error.line = line
    return error
