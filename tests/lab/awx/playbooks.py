"""Which files of a project AWX offers as playbooks: by what they look like, and not by the name of a collection."""

from __future__ import annotations

import re
from pathlib import Path

_PLAY = re.compile(r"^\s*-?\s*(?:hosts|(?:ansible\.builtin\.)?import_playbook|(?:ansible\.builtin\.)?include):.*$")
_NO_PLAYBOOKS = {"roles", "tasks", "group_vars", "host_vars"}


def playbooks(folder: Path) -> list[str]:
    """The playbooks of a folder, as paths below it."""
    found = []
    for file in sorted(folder.rglob("*.y*ml")):
        path = file.relative_to(folder)
        if any(part.startswith(".") or part in _NO_PLAYBOOKS for part in path.parts[:-1]):
            continue
        if any(_PLAY.match(line) for line in file.read_text(encoding="utf-8").splitlines()):
            found.append(str(path))
    return found
