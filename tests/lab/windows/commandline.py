"""How a Windows program splits its command line into arguments (the rules of the Microsoft C run-time)."""

from __future__ import annotations

from functools import lru_cache


def split_program(line: str) -> tuple[str, str]:
    """Split a command line into the program's name and the untouched rest, as CreateProcess does."""
    line = line.lstrip(" \t")
    if line.startswith('"'):
        name, _quote, rest = line[1:].partition('"')
        return name, rest
    for position, character in enumerate(line):
        if character in " \t":
            return line[:position], line[position:]
    return line, ""


def split_arguments(tail: str) -> list[str]:
    """Split the part behind the program's name.

    2n backslashes and a quote give n backslashes and a delimiter, 2n+1 give n backslashes and a quote; two quotes
    inside a quoted part give one.
    """
    return list(_split(tail))


@lru_cache(maxsize=4096)
def _split(tail: str) -> tuple[str, ...]:
    """The same, remembered: a simulation runs the same lines again and again."""
    arguments: list[str] = []
    current = ""
    inside = False  # of a pair of quotes
    begun = False
    position = 0
    while position < len(tail):
        character = tail[position]
        if character == "\\":
            end = position
            while end < len(tail) and tail[end] == "\\":
                end += 1
            count = end - position
            begun = True
            if end < len(tail) and tail[end] == '"':
                current += "\\" * (count // 2)
                if count % 2:
                    current += '"'
                    end += 1
            else:
                current += "\\" * count
            position = end
            continue
        if character == '"':
            begun = True
            if inside and tail[position + 1 : position + 2] == '"':
                current += '"'
                position += 1
            else:
                inside = not inside
        elif character in " \t" and not inside:
            if begun:
                arguments.append(current)
            current, begun = "", False
        else:
            current += character
            begun = True
        position += 1
    if begun:
        arguments.append(current)
    return tuple(arguments)
