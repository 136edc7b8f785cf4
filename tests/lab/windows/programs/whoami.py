"""whoami.exe: the account, and with /groups whether its token is elevated."""

from __future__ import annotations

from lab.windows.program import Call

_HIGH = ("Mandatory Label\\High Mandatory Level", "Label", "S-1-16-12288", "")
_MEDIUM = ("Mandatory Label\\Medium Mandatory Level", "Label", "S-1-16-8192", "")
_NAMES = {  # [G] for German
    "Mandatory Label\\High Mandatory Level": "Verbindliche Beschriftung\\Hohe Verbindlichkeitsstufe",
    "Mandatory Label\\Medium Mandatory Level": "Verbindliche Beschriftung\\Mittlere Verbindlichkeitsstufe",
    "Everyone": "Jeder",
    "BUILTIN\\Administrators": "VORDEFINIERT\\Administratoren",
    "BUILTIN\\Users": "VORDEFINIERT\\Benutzer",
    "NT AUTHORITY\\NETWORK": "NT-AUTORITÄT\\NETZWERK",
}
_GROUP = "Mandatory group, Enabled by default, Enabled group"
_HEADINGS = ("Group Name", "Type", "SID", "Attributes")


async def whoami(call: Call) -> int:
    """``whoami``, or ``whoami /groups [/fo table|csv] [/nh]``."""
    words = [word.lower() for word in call.arguments]
    name = f"{call.host.name}\\{call.account.name}".lower()
    if not words:
        call.out(f"{name}\n")
        return 0
    form = "table"
    if "/fo" in words:
        position = words.index("/fo")
        form = words[position + 1] if position + 1 < len(words) else ""
        del words[position : position + 2]
    header = "/nh" not in words
    if [word for word in words if word != "/nh"] != ["/groups"] or form not in ("table", "csv"):
        call.err(f"ERROR: Invalid argument/option - '{' '.join(call.arguments)}'.\nType \"WHOAMI /?\" for usage.\n")
        return 1
    rows = [("Everyone", "Well-known group", "S-1-1-0", _GROUP)]
    if call.account.elevated:
        rows.append(("BUILTIN\\Administrators", "Alias", "S-1-5-32-544", f"{_GROUP}, Group owner"))
    rows.append(("BUILTIN\\Users", "Alias", "S-1-5-32-545", _GROUP))
    rows.append(("NT AUTHORITY\\NETWORK", "Well-known group", "S-1-5-2", _GROUP))
    rows.append(_HIGH if call.account.elevated else _MEDIUM)
    if call.host.language == "de":
        rows = [(_NAMES[row[0]], *row[1:]) for row in rows]
    if form == "csv":
        for row in [_HEADINGS, *rows] if header else rows:
            call.out(",".join(f'"{cell}"' for cell in row) + "\n")
        return 0
    widths = [max(len(row[column]) for row in [_HEADINGS, *rows]) for column in range(4)]
    call.out("\nGROUP INFORMATION\n-----------------\n\n")
    ruler = tuple("=" * width for width in widths)
    lines: list[tuple[str, ...]] = [_HEADINGS, ruler, *rows] if header else [*rows]
    for line in lines:
        call.out(" ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + "\n")
    return 0
