"""ClientHello and ServerHello (RFC 8446 4.1, RFC 5246 7.4.1): the offer and the answer."""

from __future__ import annotations

import cython

from analyzer.wire.model import Tls
from analyzer.wire.tls.reader import Malformed, Reader, text

RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""The random of a ServerHello that is a HelloRetryRequest (RFC 8446 4.1.3)."""
TLS13 = 0x0304

SERVER_NAME = 0
GROUPS = 10
ALPN = 16
SESSION_TICKET = 35
PRE_SHARED_KEY = 41
EARLY_DATA = 42
SUPPORTED_VERSIONS = 43
KEY_SHARE = 51
ENCRYPTED_CLIENT_HELLO = 0xFE0D

MAX_NAME = 255
"""RFC 1035 2.3.4."""
MAX_LIST = 128
"""Entries kept of an offered list; real hellos have fewer than 100 cipher suites."""


def read_client_hello(message: bytes, tls: Tls) -> bool:
    """Take the offer of a ClientHello (without its 4-byte handshake header) into `tls`.

    What stands before a damaged or missing part is taken all the same; returns False then.
    """
    tls.ciphers_offer, tls.groups_offer, tls.versions_offer, tls.key_shares = [], [], [], []
    tls.alpn_offer = []
    reader = Reader(message, 0, len(message))
    try:
        tls.client_version = reader.number(2)
        reader.take(32)
        session = reader.block(1)
        tls.session_id = session.take(session.limit - session.at)
        tls.ciphers_offer = _numbers(reader.block(2))
        reader.block(1)
        if not reader.more():  # TLS 1.0 without extensions
            return True
        length: cython.longlong = reader.number(2)
        complete = reader.at + length <= len(message)
        extensions = Reader(message, reader.at, min(reader.at + length, len(message)))
        while extensions.more():
            _offer(tls, extensions.number(2), extensions.block(2))
    except Malformed:
        return False
    return complete


def read_server_hello(message: bytes, tls: Tls) -> bool:
    """Take the answer of a ServerHello (without its handshake header) into `tls`; True = it is a HelloRetryRequest."""
    reader = Reader(message, 0, len(message))
    version: cython.int = reader.number(2)
    retry = reader.take(32) == RETRY_RANDOM
    session = reader.block(1)
    session_id = session.take(session.limit - session.at)
    cipher: cython.int = reader.number(2)
    reader.number(1)
    extensions = reader.block(2) if reader.more() else Reader(message, 0, 0)
    while extensions.more():
        kind: cython.int = extensions.number(2)
        body = extensions.block(2)
        if kind == SUPPORTED_VERSIONS:
            version = body.number(2)
        elif kind == ALPN:
            tls.alpn = _alpn(body.block(2))[0]
        elif kind == PRE_SHARED_KEY:
            tls.resumed = 1
    tls.version = TLS13 if version >> 8 == 0x7F else version  # drafts of RFC 8446: 0x7f00 + draft
    tls.cipher = cipher
    tls.session_echo = 1 if session_id and session_id == tls.session_id else 0
    return retry


def _offer(tls: Tls, kind: cython.int, body: Reader) -> None:
    if kind == SERVER_NAME:
        tls.sni = _server_name(body)
    elif kind == GROUPS:
        tls.groups_offer = _numbers(body.block(2))
    elif kind == ALPN:
        tls.alpn_offer = _alpn(body.block(2))
    elif kind == SUPPORTED_VERSIONS:
        tls.versions_offer = _numbers(body.block(1))
    elif kind == KEY_SHARE:
        tls.key_shares = _key_shares(body.block(2))
    elif kind == EARLY_DATA:
        tls.early_data = 1
    elif kind == PRE_SHARED_KEY:
        tls.psk = 1
    elif kind == SESSION_TICKET:
        tls.ticket = 1 if body.more() else 0
    elif kind == ENCRYPTED_CLIENT_HELLO:
        tls.ech = 1


def _server_name(body: Reader) -> str:
    """The first host_name (RFC 6066 3); an empty extension is a server's acknowledgement."""
    if not body.more():
        return ""
    names = body.block(2)
    while names.more():
        kind: cython.int = names.number(1)
        name = names.block(2)
        if kind == 0:
            return text(name.take(name.limit - name.at), MAX_NAME)
    return ""


def _numbers(body: Reader) -> list[int]:
    """16-bit codes without GREASE values."""
    numbers: list[int] = []
    while body.more() and len(numbers) < MAX_LIST:
        number: cython.int = body.number(2)
        if not grease(number):
            numbers.append(number)
    return numbers


def _alpn(body: Reader) -> list[str]:
    """Protocol names; GREASE names are two bytes of one GREASE value."""
    names: list[str] = []
    while body.more() and len(names) < MAX_LIST:
        name = body.block(1)
        raw: bytes = name.take(name.limit - name.at)
        if len(raw) != 2 or not grease((raw[0] << 8) | raw[1]):
            names.append(text(raw, MAX_NAME))
    return names or [""]


def _key_shares(body: Reader) -> list[int]:
    groups: list[int] = []
    while body.more() and len(groups) < MAX_LIST:
        group: cython.int = body.number(2)
        body.block(2)
        if not grease(group):
            groups.append(group)
    return groups


def grease(number: cython.int) -> cython.bint:
    """Whether a code is one of the reserved nonsense values 0x0a0a, 0x1a1a ... 0xfafa (RFC 8701)."""
    return (number & 0x0F0F) == 0x0A0A and (number >> 8) == (number & 0xFF)
