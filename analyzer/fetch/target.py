"""What of a request's target may be shown: its host and its path.

Tokens, passwords and what people searched for stand in the query, in the user information before the host, in the
fragment and in path parameters (RFC 3986 3.2.1, 3.3, 3.4, 3.5; RFC 9110 4.2.4 and 17.9 warn of all of them). Whatever
is left out leaves its delimiter and `…`, which no target has: they are latin-1. URLs inside of targets, percent-encoded
ones included, are treated alike: proxies and redirectors carry them.
"""

from __future__ import annotations

import re

import cython

LEFT_OUT = "…"
COLON, SLASH, AT = (rf"(?:{sign}|%(?:25)*{code})" for sign, code in ((":", "3a"), (r"[/\\]", "(?:2f|5c)"), ("@", "40")))
"""As they are, or percent-encoded once or several times."""
QUERY = re.compile(r"\?|#|%(?:25)*(?:3f|23)|&(?=[\w.%-]*=)", re.IGNORECASE)
"""What begins a query or a fragment; of a `&name=` too, the `?` was forgotten."""
PARAMETER = re.compile(rf"(;|%(?:25)*3b)(?:(?!{SLASH}).)+", re.IGNORECASE | re.DOTALL)
"""`;jsessionid=...` of a path segment."""
AUTHORITY = re.compile(rf"(\A{SLASH}{{2}}|{COLON}{SLASH}+)((?:(?!{SLASH}).)*)", re.IGNORECASE | re.DOTALL)
"""Behind `//`, or behind the `://` of a URL, which some write with one slash."""
OPEN = re.compile(rf"(\A|\A{SLASH}{{2}}|{COLON}{SLASH}+)(?:(?!{SLASH}).)+\Z", re.IGNORECASE | re.DOTALL)
"""An authority without a path behind it: when `?` or `#` follows and an `@` later, they may be of a password."""
USER = re.compile(rf".*{AT}", re.IGNORECASE | re.DOTALL)
PLACE = re.compile(rf"(?:\[[0-9A-Fa-f:.%]*\]|(?:(?!{COLON}).)*)(?:{COLON}\d{{0,5}})?|[0-9A-Fa-f:.]+", re.IGNORECASE)
"""A host with or without its port; what has another word behind the colon is a password whose `@` was cut off."""

LONGEST = 270
"""Characters of a name (RFC 1035 2.3.4) and a port, and some more; what is longer was cut before its `@`."""
TORN = re.compile(rf"{LEFT_OUT}(?!@).*{AT}", re.IGNORECASE | re.DOTALL)
"""A password with a slash in it looks as if the path began there."""


def shown_target(target: str) -> str:
    """The target without query, fragment, user information and path parameters."""
    size: cython.Py_ssize_t = path_size(target)
    if size == len(target):
        return target
    if size > 0:
        return left(target[: size + 1], target[size + 1 :])
    found = QUERY.search(target)
    path, rest = target, ""
    if found is not None:
        path, rest = target[: found.start()], left(found[0], target[found.end() :])
        if USER.match(target, found.end()) is not None:
            path = OPEN.sub(rf"\1{LEFT_OUT}", path)
    path = without_user(path)
    return PARAMETER.sub(rf"\1{LEFT_OUT}", path) + rest


def path_size(target: str) -> cython.Py_ssize_t:
    """Where the query or fragment begins of a path, as nearly all targets are; 0 = it is no simple one."""
    size: cython.Py_ssize_t = len(target)
    i: cython.Py_ssize_t = 0
    character: cython.Py_UCS4
    if size > 0 and (target[0] != "/" or (size > 1 and target[1] == "/")):
        return 0
    for character in target:
        if character == "?" or character == "#":
            return i
        if character in "%;&:\\":
            return 0
        i += 1
    return i


def left(shown: str, text: str) -> str:
    """What is shown, to its end a delimiter, when what stood behind it is left out; nothing may have been there."""
    return shown + LEFT_OUT if text else shown


def without_user(path: str) -> str:
    """The path, the URL (absolute form) or `host:port` (authority form, RFC 9112 3.2) without user and password."""
    if AUTHORITY.search(path) is not None:
        return TORN.sub(f"{LEFT_OUT}@", AUTHORITY.sub(without_user_of, path))
    return path if path.startswith("/") else bare(path)


def without_user_of(found: re.Match[str]) -> str:
    """What replaces the authority of one URL."""
    return str(found[1]) + bare(found[2])


def bare(authority: str) -> str:
    """An authority without its user information."""
    found = USER.match(authority)
    if found is not None:
        return f"{LEFT_OUT}@{authority[found.end() :]}"
    return authority if len(authority) <= LONGEST and PLACE.fullmatch(authority) is not None else LEFT_OUT


def host_of(authority: str) -> str:
    """The host, with its port, of a Host field or of `:authority` that holds more than it may (RFC 9110 7.2)."""
    host = USER.sub("", QUERY.split(authority, maxsplit=1)[0])
    return host.rpartition("://")[2].partition("/")[0]
