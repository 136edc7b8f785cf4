"""A process's environment: names are case-insensitive and keep the spelling of their first definition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping


class Environment(MutableMapping[str, str]):
    """Environment variables as Windows keeps them."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._entries: dict[str, tuple[str, str]] = {}
        self.update(values or {})

    def __getitem__(self, name: str) -> str:
        return self._entries[name.upper()][1]

    def __setitem__(self, name: str, value: str) -> None:
        spelling = self._entries.get(name.upper(), (name, ""))[0]
        self._entries[name.upper()] = (spelling, value)

    def __delitem__(self, name: str) -> None:
        del self._entries[name.upper()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.upper() in self._entries

    def __iter__(self) -> Iterator[str]:
        return (spelling for _key, (spelling, _value) in sorted(self._entries.items()))

    def __len__(self) -> int:
        return len(self._entries)

    def copy(self) -> Environment:
        """An environment of its own for a child process."""
        child = Environment()
        child._entries = self._entries.copy()
        return child
