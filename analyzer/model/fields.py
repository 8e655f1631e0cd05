# not compiled: read when somebody asks
"""Header fields of a head, and which of a response's are worth keeping (RFC 9112 5)."""

from __future__ import annotations

MAX_HEAD = 64 * 1024
"""Longest head, trailer section or chunk-size line that is read, in bytes (signatures.md 6.1, `max_head`)."""
MAX_TARGET = 2048
"""Characters of a request target that are kept."""
MAX_VALUE = 256
"""Characters of any other value that are kept."""
RESPONSE_HEADERS = frozenset(
    {
        "age",
        "alt-svc",
        "cf-ray",
        "connection",
        "content-encoding",
        "content-length",
        "content-range",
        "content-type",
        "date",
        "location",
        "proxy-authenticate",
        "retry-after",
        "server",
        "transfer-encoding",
        "upgrade",
        "via",
        "www-authenticate",
        "x-cache",
        "x-served-by",
    }
)
"""Response headers worth showing beside a verdict (signatures.md 2.4)."""

_COMBINED = ("content-length", "transfer-encoding")
_BLANKS = " \t\r\n\x0b\x0c"


def fields(lines: list[str]) -> dict[str, str]:
    """Header fields of a head's lines by lower-case name. Lines without a colon are passed over, as browsers do.

    The first value of a name counts, except that framing fields are combined.
    """
    found: dict[str, str] = {}
    last = ""
    for line in lines:
        if line[:1] in (" ", "\t"):
            if last in found and len(found[last]) < MAX_VALUE:
                found[last] = f"{found[last]} {line[:MAX_HEAD].strip(_BLANKS)}"[:MAX_VALUE].strip(_BLANKS)
            continue
        name, colon, value = line.partition(":")
        if not colon:
            continue
        name = name.strip(_BLANKS).lower()
        value = value.strip(_BLANKS)[:MAX_VALUE]
        last = name
        if name not in found:
            found[name] = value
        elif name in _COMBINED:
            if len(found[name]) < MAX_TARGET:
                found[name] += f",{value}"
        else:
            last = ""
    return found


def noted(raw: bytes) -> dict[str, str]:
    """The fields of note among the lines of a response's fields."""
    found = fields(raw.decode("latin-1").split("\n"))
    return {name: value for name, value in found.items() if name in RESPONSE_HEADERS}
