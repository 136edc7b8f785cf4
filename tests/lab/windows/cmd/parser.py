"""From a command line, after %VAR% expansion, to a tree of commands.

Operators bind as in cmd.exe: ``&`` weakest, then ``||``, ``&&``, ``|``. The body of ``if`` and ``for`` takes in
everything up to the end of the line or of the parentheses around, and so does ``@``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

DELIMITERS = " \t,;=\r\n\v\f\xa0"


class CmdSyntaxError(Exception):
    """What cmd.exe prints instead of running anything."""


@dataclass(frozen=True)
class Redirect:
    """``handle`` goes to (or comes from) ``target``; kind is one of > >> < and & (another handle)."""

    handle: int
    kind: str
    target: str


@dataclass(frozen=True)
class Simple:
    """One command; quotes are still in the text, carets are not."""

    text: str
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True)
class Group:
    body: Node
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True)
class Chain:
    """``left operator right``; right is None for a trailing ``&``."""

    operator: str
    left: Node
    right: Node | None


@dataclass(frozen=True)
class Silent:
    """``@command``: not shown by a loop."""

    body: Node


@dataclass(frozen=True)
class If:
    """``kind`` is exist, defined, errorlevel, or a comparison (==, equ, neq, lss, leq, gtr, geq)."""

    kind: str
    left: str
    right: str
    negated: bool
    ignore_case: bool
    then: Node
    otherwise: Node | None


@dataclass(frozen=True)
class For:
    """``switch`` is "", /d, /l or /f."""

    switch: str
    options: str
    variable: str
    items: str
    body: Node


Node = Simple | Group | Chain | Silent | If | For

_PRECEDENCE = ("&", "||", "&&", "|")
_COMPARISONS = ("equ", "neq", "lss", "leq", "gtr", "geq")
_ORDINARY = re.compile(r'[^"^&|)<>]+')
_QUOTED = re.compile(r'"[^"]*"?')  # the last quote may be missing
_SYNTAX = "The syntax of the command is incorrect."


@lru_cache(maxsize=4096)
def parse(line: str) -> Node | None:
    """The tree of a line, None for an empty one. Raises CmdSyntaxError. Trees are kept and shared: they are frozen."""
    parser = _Parser(line)
    node = parser.sequence(0)
    parser.skip()
    if not parser.at_end():
        raise parser.unexpected()
    return node


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.depth = 0

    def at_end(self) -> bool:
        return self.position >= len(self.text)

    def skip(self) -> None:
        while not self.at_end() and self.text[self.position] in DELIMITERS:
            self.position += 1

    def ahead(self, text: str) -> bool:
        return self.text[self.position : self.position + len(text)].lower() == text

    def word_ahead(self, word: str) -> bool:
        after = self.text[self.position + len(word) : self.position + len(word) + 1]
        return self.ahead(word) and (not after or after in DELIMITERS or after in '()&|<>/"')

    def operator(self) -> str:
        self.skip()
        for operator in ("||", "&&", "|", "&"):
            if self.ahead(operator):
                return operator
        return ""

    def unexpected(self) -> CmdSyntaxError:
        self.skip()
        found = self.operator()
        if not found and not self.at_end():
            found = self.text[self.position] if self.text[self.position] in "()<>" else self.token()
        return CmdSyntaxError(f"{found} was unexpected at this time." if found else _SYNTAX)

    def sequence(self, level: int, left: Node | None = None) -> Node | None:
        """Commands joined by operators of this level or stronger; ``left`` is a first command already read."""
        if level == len(_PRECEDENCE):
            return left if left is not None else self.command()
        node = self.sequence(level + 1, left)
        while node is not None and self.operator() == _PRECEDENCE[level]:
            operator = _PRECEDENCE[level]
            self.position += len(operator)
            right = self.sequence(level + 1)
            if right is None:
                self.skip()
                closes = self.depth > 0 and self.ahead(")")
                if operator != "&" or not (self.at_end() or closes):
                    raise self.unexpected()
            node = Chain(operator, node, right)
        return node

    def required(self) -> Node:
        node = self.sequence(0)
        if node is None:
            raise self.unexpected()
        return node

    def command(self) -> Node | None:
        self.skip()
        if self.at_end():
            return None
        if self.ahead("@"):
            self.position += 1
            body = self.sequence(0)
            return None if body is None else Silent(body)
        if self.ahead("("):
            return self.group()
        if self.text[self.position] in ")&|":
            return None
        if self.word_ahead("if"):
            self.position += 2
            return self.conditional()
        if self.word_ahead("for"):
            self.position += 3
            return self.loop()
        if self.word_ahead("rem"):
            self.position = len(self.text)
            return Simple("rem")
        redirects: list[Redirect] = []
        text = self.simple(redirects)
        return Simple(text, tuple(redirects))

    def group(self) -> Group:
        self.position += 1
        self.depth += 1
        body = self.required()
        self.skip()
        if not self.ahead(")"):
            raise self.unexpected()
        self.position += 1
        self.depth -= 1
        redirects: list[Redirect] = []
        while True:
            self.skip()
            if self.at_end():
                break
            handle = self.text[self.position] if self.text[self.position].isdigit() else ""
            if self.text[self.position + len(handle) : self.position + len(handle) + 1] not in ("<", ">"):
                break
            self.position += len(handle)
            redirects.append(self.redirect(handle))
        return Group(body, tuple(redirects))

    def simple(self, redirects: list[Redirect]) -> str:
        text = ""
        while not self.at_end():
            run = _ORDINARY.match(self.text, self.position) or _QUOTED.match(self.text, self.position)
            if run:
                text += run[0]
                self.position = run.end()
                continue
            character = self.text[self.position]
            if character in "&|" or (character == ")" and self.depth > 0):
                break
            if character == "^":
                text += self.text[self.position + 1 : self.position + 2]
                self.position += 2
            elif character in "<>":
                handle = ""
                if text[-1:].isdigit() and (len(text) == 1 or text[-2] in DELIMITERS):
                    handle, text = text[-1], text[:-1]
                redirects.append(self.redirect(handle))
            else:
                text += character
                self.position += 1
        return text

    def redirect(self, handle: str) -> Redirect:
        kind = ">>" if self.ahead(">>") else self.text[self.position]
        self.position += len(kind)
        number = int(handle) if handle else (0 if kind == "<" else 1)
        if self.ahead("&"):
            self.position += 1
            self.skip()
            target = self.text[self.position : self.position + 1]
            if not target.isdigit():
                raise self.unexpected()
            self.position += 1
            return Redirect(number, "&", target)
        self.skip()
        target = self.token()
        if not target:
            raise self.unexpected()
        return Redirect(number, kind, target)

    def token(self, stop: str = "") -> str:
        """The next word, quotes included, carets taken out."""
        self.skip()
        word = ""
        quoted = False
        while not self.at_end():
            character = self.text[self.position]
            if character == '"':
                quoted = not quoted
            elif not quoted:
                if character == "^":
                    word += self.text[self.position + 1 : self.position + 2]
                    self.position += 2
                    continue
                if character in DELIMITERS or character in "&|<>" or character in stop:
                    break
                if character == ")" and self.depth > 0:
                    break
            word += character
            self.position += 1
        return word

    def conditional(self) -> If:
        ignore_case = negated = False
        first = self.token()
        while first.lower() in ("/i", "not"):
            ignore_case = ignore_case or first.lower() == "/i"
            negated = negated or first.lower() == "not"
            first = self.token()
        if not first:
            raise self.unexpected()
        kind = first.lower()
        right = ""
        if kind in ("exist", "defined", "errorlevel"):
            left = self.token()
            if not left:
                raise self.unexpected()
            if kind == "errorlevel" and not re.fullmatch(r"-?\d+", left):
                raise CmdSyntaxError(f"{left} was unexpected at this time.")
        else:
            left = first
            while not self.at_end() and self.text[self.position] in " \t":
                self.position += 1
            if self.ahead("=="):
                kind = "=="
                self.position += 2
            else:
                kind = self.token()
                if kind.lower() not in _COMPARISONS:
                    raise CmdSyntaxError(f"{kind} was unexpected at this time." if kind else _SYNTAX)
                kind = kind.lower()
            right = self.token()
            if not right:
                raise self.unexpected()
        self.skip()
        if not self.ahead("("):
            return If(kind, left, right, negated, ignore_case, self.required(), None)
        then: Node = self.group()
        self.skip()
        if self.word_ahead("else"):
            self.position += 4
            return If(kind, left, right, negated, ignore_case, then, self.required())
        return If(kind, left, right, negated, ignore_case, self.sequence(0, then) or then, None)

    def loop(self) -> For:
        switch = options = ""
        word = self.token()
        if word.startswith("/"):
            switch = word.lower()
            if switch not in ("/d", "/l", "/f"):
                raise CmdSyntaxError(f"{word} was unexpected at this time.")
            word = self.token()
            if switch == "/f" and not word.startswith("%"):
                options, word = word, self.token()
        if len(word) != 2 or word[0] != "%":
            raise CmdSyntaxError(f"{word} was unexpected at this time." if word else _SYNTAX)
        self.keyword("in")
        self.skip()
        if not self.ahead("("):
            raise self.unexpected()
        self.position += 1
        items = self.items()
        self.keyword("do")
        return For(switch, options, word[1], items, self.required())

    def keyword(self, keyword: str) -> None:
        self.skip()
        if not self.word_ahead(keyword):
            raise self.unexpected()
        self.position += len(keyword)

    def items(self) -> str:
        """The text between the parentheses: words, one blank between two of them whatever delimiters stand there."""
        words: list[str] = []
        word = ""
        while not self.at_end():
            quoted = _QUOTED.match(self.text, self.position)
            if quoted:
                word += quoted[0]
                self.position = quoted.end()
                continue
            character = self.text[self.position]
            if character in "&|<>":
                raise self.unexpected()
            self.position += 1
            if character == "^":
                word += self.text[self.position : self.position + 1]
                self.position += 1
            elif character == ")" or character in DELIMITERS:
                if word:
                    words.append(word)
                word = ""
                if character == ")":
                    return " ".join(words)
            else:
                word += character
        raise CmdSyntaxError(_SYNTAX)
