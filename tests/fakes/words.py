"""Words that mean something to somebody on their way through cmd.exe, SQL Server or a regular expression."""

from __future__ import annotations

from hypothesis import strategies as st

_PRINTABLE = st.characters(exclude_categories=("C", "Zl", "Zp"))
WORDS = st.text(st.one_of(_PRINTABLE, st.sampled_from(list("\"\\%^&|<>()!' \t=,;:äß€"))), min_size=1, max_size=40)
"""Everything that can be typed, and more of what means something."""

NASTY = (
    'a"b',
    '"',
    "\\",
    '\\"',
    "end\\",
    'two words\\\\"',
    "%PATH%",
    "%PATH:a=b%",
    "%QUIESCE_SQLPWD%",
    "100%",
    "^&|<>()!",
    '"&calc.exe&"',
    "!PATH!",
    "--sqluser",
    "Grüße aus Köln",
    "'single'",
    '""',
    " ",
)
"""Known traps."""
