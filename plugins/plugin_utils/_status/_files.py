# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The files of a status: which format each has by its ending, whether it can be written, and the writing."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status import (
    _csv,
    _json,
    _markdown,
    _page,
    _prometheus,
)
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._attention import listed
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._picture import Picture

FORMATS: Mapping[str, Callable[[Picture], str]] = {
    ".html": _page.write,
    ".json": _json.write,
    ".csv": _csv.write,
    ".prom": _prometheus.write,
    ".md": _markdown.write,
}

_MODE = 0o644


@dataclass(frozen=True)
class Target:
    """A file, where it really is, and the ending of its name, which says its format."""

    path: Path
    ending: str


def targets(given: Sequence[str] | None) -> list[Target]:
    """Return the files that an option names. Leaves nothing.

    A relative path begins at the working directory. Raises ``Invalid`` for one that has no format or that cannot be
    written.
    """
    return list({target.path: target for target in map(_target, listed(given))}.values())


def _target(name: str) -> Target:
    try:
        path = Path(name).expanduser()
        path = path.resolve()  # where a link leads, not the link, is replaced
    except (RuntimeError, OSError, ValueError) as error:
        raise Invalid("report", f'"{name}" is no path of a file: {error}', "Give one like estate.html") from None
    ending = Path(name).suffix.lower()
    if ending not in FORMATS:
        raise Invalid(
            "report", f'"{name}" does not end like a format that is known', f"Use one of {', '.join(FORMATS)}"
        )
    folder = path.parent
    if not folder.is_dir():
        raise Invalid("report", f"the folder of {path} does not exist", "Make it, or name another one")
    if path.exists() and not path.is_file():
        raise Invalid("report", f"{path} is not a file", "Name another one")
    try:
        with TemporaryFile(dir=folder):  # leaves nothing; rights alone say nothing of a disk that is full or read-only
            pass
    except OSError as error:
        why = error.strerror or str(error)
        raise Invalid("report", f"no file can be made in {folder}: {why}", "Name another folder") from None
    return Target(path, ending)


def write(target: Target, picture: Picture) -> None:
    """Write a file as a whole or not at all; readers see the one before or this one. Raises ``Failure``."""
    path = target.path
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
        try:
            with os.fdopen(file, "wb") as opened:
                opened.write(FORMATS[target.ending](picture).encode())
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)
    except OSError as error:
        raise Failure(
            f"write the status to {path}", "", error.strerror or str(error), "Make room there, or name another file"
        ) from error
