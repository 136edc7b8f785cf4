"""What can be said of a parsed line without running it."""

from __future__ import annotations

from lab.windows.cmd.expansion import mentions
from lab.windows.cmd.parser import Chain, For, Group, If, Node, Redirect, Silent


def asks_for(node: Node, variable: str) -> bool:
    """Whether a condition of ``if`` looks at that variable of a loop, or at one that is expanded in each turn."""
    if isinstance(node, Silent | Group):
        return asks_for(node.body, variable)
    if isinstance(node, Chain):
        return asks_for(node.left, variable) or (node.right is not None and asks_for(node.right, variable))
    if isinstance(node, If):
        branches = [branch for branch in (node.then, node.otherwise) if branch is not None]
        condition = f"{node.left} {node.right}"
        if "!" in condition or mentions(condition, variable):
            return True
        return any(asks_for(each, variable) for each in branches)
    return False


def as_text(node: Node) -> str:
    """How a loop shows a command that it is about to run."""
    if isinstance(node, Silent):
        return ""
    if isinstance(node, Chain):
        right = "" if node.right is None else as_text(node.right)
        return f"{as_text(node.left)}  {node.operator} {right}"
    if isinstance(node, Group):
        return f"({as_text(node.body)} )" + _redirects(node.redirects)
    if isinstance(node, If):
        switches = ("/I " if node.ignore_case else "") + ("not " if node.negated else "")
        comparison = f"{node.kind} {node.left}" if not node.right else f"{node.left} {node.kind} {node.right}"
        otherwise = "" if node.otherwise is None else f" else {as_text(node.otherwise)}"
        return f"if {switches}{comparison} {as_text(node.then)}{otherwise}"
    if isinstance(node, For):
        return f"for {node.switch} {node.options} %{node.variable} in ({node.items}) do {as_text(node.body)}"
    return node.text.rstrip() + _redirects(node.redirects)


def _redirects(redirects: tuple[Redirect, ...]) -> str:
    return "".join(
        f" {redirect.handle}>&{redirect.target}"
        if redirect.kind == "&"
        else f" {redirect.handle}{redirect.kind}{redirect.target}"
        for redirect in redirects
    )
