# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""One text file a system, written as a whole or not at all, and only where it still holds what was read.

Needs nothing but Python 3.7 or newer: on another host than the controller this file's own source does the work there.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import time
from pathlib import Path
from typing import Any

LOCK_LIMIT = 10.0
"""Seconds to wait for another program that writes the same file; it holds its lock for milliseconds."""

_OWN = "quiesce.maintenance"
_PAUSE = 0.02


def serve(request: dict[str, Any]) -> dict[str, Any]:
    """Do what ``request`` says and return the file's text, None without a file, and this host's time in seconds.

    ``name`` is the file's name, ``folder`` its directory ("": the account's own). With ``after`` the file is written
    (None removes it) if the digest of its text is still ``before``. In place of the text the answer may hold an
    ``error``: "conflict", "locked", "text" (it is no UTF-8), or what the operating system said.
    """
    answer: dict[str, Any] = {"now": time.time()}
    try:
        folder = directory(request["folder"])
        path = folder / request["name"]
        answer["path"] = str(path)
        if "after" in request:
            _replace(path, request["before"], request["after"])
        answer["text"] = read(path)
    except _Refused as refused:
        answer["error"] = str(refused)
    except UnicodeDecodeError:
        answer["error"] = "text"
    except OSError as error:
        answer["error"] = error.strerror or str(error)
        answer["path"] = str(error.filename or answer.get("path", request["folder"]))
    return answer


class _Refused(Exception):
    """The file was not written: "conflict" or "locked"."""


def directory(folder: str) -> Path:
    """Return where the files are: ``folder``, else below XDG_STATE_HOME or ~/.local/state, for root in /var/lib."""
    if folder:
        found = Path(folder)
    elif os.environ.get("XDG_STATE_HOME"):
        found = Path(os.environ["XDG_STATE_HOME"]) / _OWN
    elif os.geteuid() == 0:
        found = Path("/var/lib") / _OWN
    else:
        found = Path("~/.local/state") / _OWN
    try:
        return found.expanduser()
    except RuntimeError:
        raise FileNotFoundError(errno.ENOENT, "the account has no home directory", str(found)) from None


def digest(text: str | None) -> str | None:
    """Return what tells a text from every other, None for none."""
    return None if text is None else hashlib.sha256(text.encode("utf-8")).hexdigest()


def read(path: Path) -> str | None:
    """Return the text of a file, None if there is none."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None


def _replace(path: Path, before: str | None, after: str | None) -> None:
    folder = path.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A group that may write in the directory shares its files; nobody else does.
    mode = 0o660 if folder.stat().st_mode & 0o020 else 0o600
    new = path.with_name(path.name + ".tmp")
    with _Lock(path.with_name(path.name + ".lock"), mode):
        if digest(read(path)) != before:
            raise _Refused("conflict")
        # Nobody else writes it as long as the lock is held: what stands there is left of a killed program.
        with contextlib.suppress(FileNotFoundError):
            new.unlink()
        if after is None:
            if before is not None:
                path.unlink()
        else:
            _write(new, after.encode("utf-8"), mode)
            new.replace(path)
        _sync(folder)


class _Lock:
    """Keeps every other program out that goes by the same lock. It ends with the program that holds it."""

    def __init__(self, path: Path, mode: int) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, mode)
        if os.fstat(self._file).st_uid == os.geteuid():
            os.fchmod(self._file, mode)  # whatever the umask is
            _own_like(self._file, path.parent)

    def __enter__(self) -> None:
        limit = time.monotonic() + LOCK_LIMIT
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > limit:
                    os.close(self._file)
                    raise _Refused("locked") from None
                time.sleep(_PAUSE)
            else:
                return

    def __exit__(self, *unused: object) -> None:
        os.close(self._file)


def _write(path: Path, content: bytes, mode: int) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fchmod(file, mode)
        _own_like(file, path.parent)
        os.fsync(file)


def _own_like(file: int, folder: Path) -> None:
    """Give what root writes to whom the directory belongs: one run with sudo would keep that account from it."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(file, owner.st_uid, owner.st_gid)


def _sync(folder: Path) -> None:
    """Bring a new name to the disk, too."""
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
