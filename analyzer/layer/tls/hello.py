# cython: boundscheck=False, wraparound=False
"""ClientHello and ServerHello (RFC 8446 4.1, RFC 5246 7.4.1): the offer and the answer.

Hellos are read in place: `at` and `end` bound what may be looked at, a negative position means that a field reaches
beyond its container. Bounds are checked by hand, in `vector` and before every other look.
"""

from __future__ import annotations

import cython

if not cython.compiled:
    from analyzer.capture.numbers import u16

from analyzer.frame.octets import cut
from analyzer.layer.tls.reader import text
from analyzer.layer.tls.registry import TLS12, TLS13
from analyzer.model.tls import Tls

RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""The random of a ServerHello that is a HelloRetryRequest (RFC 8446 4.1.3)."""

SERVER_NAME = 0
GROUPS = 10
ALPN = 16
SESSION_TICKET = 35
PRE_SHARED_KEY = 41
EARLY_DATA = 42
SUPPORTED_VERSIONS = 43
PSK_MODES = 45
KEY_SHARE = 51
ENCRYPTED_CLIENT_HELLO = 0xFE0D

MAX_NAME = 255
"""RFC 1035 2.3.4."""
MAX_LIST = 128
"""Entries kept of an offered list; real hellos have fewer than 100 cipher suites."""


MALFORMED = -1

RANDOM = 34
"""Bytes of the version and the random at the begin of a hello."""


def read_client_hello(data: bytes, at: cython.Py_ssize_t, end: cython.Py_ssize_t, tls: Tls) -> cython.bint:
    """Take the offer of the ClientHello data[at:end] (without its 4-byte handshake header) into `tls`.

    What stands before a damaged or missing part is taken all the same; returns False then.
    """
    if at < 0 or end > len(data):
        raise IndexError(end)
    if tls.client_version:  # the second hello, after a HelloRetryRequest: what it offers counts
        tls.ciphers_offer = b""
        tls.groups_offer, tls.versions_offer, tls.key_shares, tls.alpn_offer = [], [], [], []
    if end - at >= 2:
        tls.client_version = u16(data, at)
    if end - at <= RANDOM:
        return False
    at += RANDOM
    stop: cython.Py_ssize_t = vector(data, at, end, 1)
    if stop < 0:
        return False
    tls.session_id = cut(data, at + 1, stop)
    at = stop
    stop = vector(data, at, end, 2)
    if stop < 0 or (stop - at) % 2:
        return False
    tls.ciphers_offer = suites(data, at + 2, stop)
    at = vector(data, stop, end, 1)  # compression methods
    if at < 0 or at == end:
        return at == end  # TLS 1.0 without extensions
    if end - at < 2:
        return False
    stop = at + 2 + u16(data, at)
    return read_offers(data, at + 2, min(stop, end), tls) and stop <= end


def read_offers(data: bytes, at: cython.Py_ssize_t, end: cython.Py_ssize_t, tls: Tls) -> cython.bint:
    """The extensions data[at:end]; False when one of them is damaged or cut."""
    stop: cython.Py_ssize_t
    while at < end:
        stop = vector(data, at + 2, end, 2)
        if stop < 0 or not read_offer(data, u16(data, at), at + 4, stop, tls):
            return False
        at = stop
    return True


def read_offer(data: bytes, kind: cython.int, at: cython.Py_ssize_t, end: cython.Py_ssize_t, tls: Tls) -> cython.bint:
    """One extension, data[at:end] without its header; False when it is damaged."""
    if kind == SERVER_NAME:
        return server_name(data, at, end, tls)
    if kind == GROUPS:
        groups = codes(data, at + 2, vector(data, at, end, 2))
        tls.groups_offer = tls.groups_offer if groups is None else groups
        return groups is not None
    if kind == ALPN:
        names = protocols(data, at + 2, vector(data, at, end, 2))
        tls.alpn_offer = tls.alpn_offer if names is None else names
        return names is not None
    if kind == SUPPORTED_VERSIONS:
        versions = codes(data, at + 1, vector(data, at, end, 1))
        tls.versions_offer = tls.versions_offer if versions is None else versions
        return versions is not None
    if kind == KEY_SHARE:
        groups = shares(data, at + 2, vector(data, at, end, 2))
        tls.key_shares = tls.key_shares if groups is None else groups
        return groups is not None
    if kind == EARLY_DATA:
        tls.early_data = 1
    elif kind == PRE_SHARED_KEY:
        tls.psk = 1
    elif kind == PSK_MODES:
        tls.psk_modes = 1
    elif kind == SESSION_TICKET:
        tls.ticket = 1 if at < end else 0
    elif kind == ENCRYPTED_CLIENT_HELLO:
        tls.ech = 1
    return True


def read_server_hello(data: bytes, at: cython.Py_ssize_t, end: cython.Py_ssize_t, tls: Tls) -> cython.int:
    """Take the answer of the ServerHello data[at:end] (without its handshake header) into `tls`.

    Returns 1 = it is a HelloRetryRequest, 0 = it is none, MALFORMED.
    """
    if at < 0 or end > len(data):
        raise IndexError(end)
    begin: cython.Py_ssize_t = at
    stop: cython.Py_ssize_t = vector(data, at + RANDOM, end, 1)
    if stop < 0 or end - stop < 3:
        return MALFORMED
    version: cython.int = u16(data, at)
    cipher: cython.int = u16(data, stop)
    session_id = cut(data, at + RANDOM + 1, stop)
    at = stop + 3
    if at < end:
        stop = vector(data, at, end, 2)
        version = -1 if stop < 0 else read_answers(data, at + 2, stop, tls, version)
        if version < 0:
            return MALFORMED
    tls.version = TLS13 if version >> 8 == 0x7F else version  # drafts of RFC 8446: 0x7f00 + draft
    tls.cipher = cipher
    tls.session_echo = 1 if session_id and session_id == tls.session_id else 0
    return 1 if data[begin + 2] == RETRY_RANDOM[0] and cut(data, begin + 2, begin + RANDOM) == RETRY_RANDOM else 0


def read_cut_server_hello(data: bytes, tls: Tls) -> cython.int:
    """What the beginning of a ServerHello (with its handshake header) shows; returns as `read_server_hello`.

    The version is known only where it is older than 1.2: newer ones may stand in an extension (RFC 8446 4.1.3).
    """
    version: cython.int = u16(data, 4)
    stop: cython.Py_ssize_t = vector(data, 4 + RANDOM, len(data), 1)
    if version < TLS12:
        tls.version = version
    if 0 <= stop <= len(data) - 2:
        tls.cipher = u16(data, stop)
    random = data[6 : 4 + RANDOM]
    return 1 if RETRY_RANDOM.startswith(random) else 0


def read_answers(
    data: bytes, at: cython.Py_ssize_t, end: cython.Py_ssize_t, tls: Tls, version: cython.int
) -> cython.int:
    """The server's extensions data[at:end]; returns the version, which is `version` unless one of them says better."""
    stop: cython.Py_ssize_t
    kind: cython.int
    while at < end:
        stop = vector(data, at + 2, end, 2)
        if stop < 0:
            return MALFORMED
        kind = u16(data, at)
        at += 4
        if kind == SUPPORTED_VERSIONS:
            if stop - at < 2:
                return MALFORMED
            version = u16(data, at)
        elif kind == ALPN:
            names = protocols(data, at + 2, vector(data, at, stop, 2))
            if names is None:
                return MALFORMED
            tls.alpn = names[0]
        elif kind == PRE_SHARED_KEY:
            tls.resumed = 1
        at = stop
    return version


@cython.cfunc
@cython.exceptval(check=False)
def vector(data: bytes, at: cython.Py_ssize_t, end: cython.Py_ssize_t, width: cython.int) -> cython.Py_ssize_t:
    """Where a vector ends whose length of `width` bytes (1 or 2) stands at `at`; -1 = beyond `end`."""
    if end - at < width:
        return -1
    stop: cython.Py_ssize_t = at + width + (data[at] if width == 1 else u16(data, at))
    return stop if stop <= end else -1


@cython.cfunc
def server_name(data: bytes, at: cython.Py_ssize_t, end: cython.Py_ssize_t, tls: Tls) -> cython.bint:
    """The first host_name (RFC 6066 3); an empty extension is a server's acknowledgement."""
    name = ""
    stop: cython.Py_ssize_t
    if at < end:
        end = vector(data, at, end, 2)
        if end < 0:
            return False
        at += 2
    while at < end:
        stop = vector(data, at + 1, end, 2)
        if stop < 0:
            return False
        if data[at] == 0:
            name = text(cut(data, at + 3, stop), MAX_NAME)
            break
        at = stop
    tls.sni = name
    return True


@cython.cfunc
def codes(data: bytes, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> list[int] | None:
    """The 16-bit codes of a list without GREASE values; None when it or its last code is cut."""
    found: list[int] = []
    number: cython.int
    while at + 1 < end and len(found) < MAX_LIST:
        number = u16(data, at)
        if not grease(number):
            found.append(number)
        at += 2
    return None if end < 0 or (at < end and len(found) < MAX_LIST) else found


@cython.cfunc
def suites(data: bytes, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> bytes:
    """The cipher suites of a list as they stand there, without GREASE values."""
    found: bytes = cut(data, at, min(end, at + 2 * MAX_LIST))
    for i in range(0, len(found) - 1, 2):
        if grease(u16(found, i)):
            return b"".join([found[j : j + 2] for j in range(0, len(found) - 1, 2) if not grease(u16(found, j))])
    return found


@cython.cfunc
def protocols(data: bytes, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> list[str] | None:
    """The names of a list of protocols; GREASE names are two bytes of one GREASE value. None when one is cut."""
    found: list[str] = []
    stop: cython.Py_ssize_t
    while at < end and len(found) < MAX_LIST:
        stop = vector(data, at, end, 1)
        if stop < 0:
            return None
        if stop - at != 3 or not grease(u16(data, at + 1)):
            found.append(protocol(data, at + 1, stop))
        at = stop
    if not found:
        found.append("")
    return None if end < 0 else found


@cython.cfunc
def protocol(data: bytes, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> str:
    """A protocol's name; the two that nearly all offer are always the same objects."""
    raw = cut(data, at, end)
    if raw == b"h2":
        return "h2"
    return "http/1.1" if raw == b"http/1.1" else text(raw, MAX_NAME)


@cython.cfunc
def shares(data: bytes, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> list[int] | None:
    """The groups of a list of key shares; None when one is cut."""
    found: list[int] = []
    stop: cython.Py_ssize_t
    while at < end and len(found) < MAX_LIST:
        stop = vector(data, at + 2, end, 2)
        if stop < 0:
            return None
        if not grease(u16(data, at)):
            found.append(u16(data, at))
        at = stop
    return None if end < 0 else found


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def grease(number: cython.int) -> cython.bint:
    """Whether a code is one of the reserved nonsense values 0x0a0a, 0x1a1a ... 0xfafa (RFC 8701)."""
    return (number & 0x0F0F) == 0x0A0A and (number >> 8) == (number & 0xFF)
