"""An in-memory Windows file system: drives and shares, case-insensitive names, access-denied marks."""

from __future__ import annotations

import fnmatch
import ntpath
from dataclasses import dataclass
from functools import lru_cache

from lab.windows.errors import Win32Error


@dataclass
class Entry:
    """A directory (``content`` is None) or a file."""

    path: str
    content: bytes | None = None
    denied: bool = False

    @property
    def is_directory(self) -> bool:
        return self.content is None


class FileSystem:
    r"""Files by absolute path. Drives (C:) and shares (\\server\share) have to be added before use."""

    def __init__(self, *drives: str) -> None:
        self._entries: dict[str, Entry] = {}
        for drive in drives:
            self.add_drive(drive)

    def add_drive(self, drive: str) -> None:
        """Make a drive or a UNC share known; it is empty."""
        self._entries[_key(drive + "\\")] = Entry(drive + "\\")

    def remove_drive(self, drive: str) -> None:
        """Take a drive away with all that is on it."""
        for path in [path for path in self._entries if path.startswith(_key(drive + "\\"))]:
            del self._entries[path]

    def find(self, path: str) -> Entry | None:
        """The entry at an absolute path, or None."""
        return self._entries.get(_key(path))

    def exists(self, path: str) -> bool:
        """Whether a file or directory of that path exists and is not hidden by an access-denied directory above."""
        try:
            return self._get(path) is not None
        except Win32Error:
            return False

    def is_directory(self, path: str) -> bool:
        """Whether the path is an existing directory."""
        entry = self.find(path)
        return entry is not None and entry.is_directory

    def make_directory(self, path: str) -> None:
        """Create a directory and those above it."""
        if not ntpath.splitdrive(path)[1].strip("\\"):
            if self.find(path) is None:
                raise Win32Error(15)
            return
        entry = self.find(path)
        if entry is None:
            self.make_directory(ntpath.dirname(_normal(path)))
            self._entries[_key(path)] = Entry(_normal(path))
        elif not entry.is_directory:
            raise Win32Error(267)

    def write(self, path: str, content: str | bytes) -> None:
        """Create or replace a file, with the directories above it. Text is stored as UTF-8."""
        self.make_directory(ntpath.dirname(_normal(path)))
        data = content.encode() if isinstance(content, str) else content
        entry = self.find(path)
        if entry is None:
            self._entries[_key(path)] = Entry(_normal(path), data)
        elif entry.denied or entry.is_directory:
            raise Win32Error(5)
        else:
            entry.content = data

    def write_as_program(self, path: str, content: bytes, append: bool) -> None:
        """What a running program does: the directory must exist."""
        if not self.is_directory(ntpath.dirname(_normal(path))):
            raise Win32Error(3)
        before = self.read(path) if append and self.exists(path) else b""
        self.write(path, before + content)

    def read(self, path: str) -> bytes:
        """A file's content. Win32 errors: 2 no such file, 3 no such directory, 5 denied or a directory."""
        entry = self._get(path)
        if entry is None:
            raise Win32Error(2 if self.is_directory(ntpath.dirname(_normal(path))) else 3)
        if entry.denied or entry.content is None:
            raise Win32Error(5)
        return entry.content

    def delete(self, path: str) -> None:
        """Remove a file, or a directory with all that is in it."""
        if self.find(path) is None:
            raise Win32Error(2)
        below = _key(path).rstrip("\\") + "\\"
        for key in [key for key in self._entries if key == _key(path) or key.startswith(below)]:
            del self._entries[key]

    def deny(self, path: str, denied: bool = True) -> None:
        """Let every access to a file, or to a directory and what is in it, fail with 5."""
        entry = self.find(path)
        if entry is None:
            raise Win32Error(2)
        entry.denied = denied

    def entries(self, path: str) -> list[Entry]:
        """The entries directly in a directory, by name."""
        directory = self._get(path)
        if directory is None:
            raise Win32Error(3)
        if directory.denied:
            raise Win32Error(5)
        parent = _key(path)
        return [
            entry for key, entry in sorted(self._entries.items()) if ntpath.dirname(key) == parent and key != parent
        ]

    def match(self, pattern: str) -> list[Entry]:
        """The entries that a path with * or ? in its last part means."""
        directory, name = ntpath.split(pattern)
        if not self.exists(directory):
            return []
        wanted = "*" if name == "*.*" else name.lower()
        return [
            entry
            for entry in self.entries(directory)
            if fnmatch.fnmatchcase(ntpath.basename(entry.path).lower(), wanted)
        ]

    def _get(self, path: str) -> Entry | None:
        for above in _above(path):
            entry = self._entries.get(above)
            if entry is not None and entry.denied:
                raise Win32Error(5)
        return self.find(path)


@lru_cache(maxsize=65_536)
def absolute(path: str, directory: str) -> str:
    """``path`` as seen from the current directory ``directory``."""
    return _normal(ntpath.join(directory, path))


@lru_cache(maxsize=65_536)
def _normal(path: str) -> str:
    normal = ntpath.normpath(path.replace("/", "\\"))
    drive, rest = ntpath.splitdrive(normal)
    return normal if rest else drive + "\\"


@lru_cache(maxsize=65_536)
def _key(path: str) -> str:
    return _normal(path).lower()


@lru_cache(maxsize=65_536)
def _above(path: str) -> tuple[str, ...]:
    """The keys of the directories above a path, the nearest first."""
    found = [ntpath.dirname(_normal(path))]
    while ntpath.splitdrive(found[-1])[1].strip("\\"):
        found.append(ntpath.dirname(found[-1]))
    return tuple(_key(each) for each in found)
