"""Handshake messages that only keys show, and answers that decide how keys are used."""

from __future__ import annotations

from analyzer.layer.tls.reader import FieldReader, Malformed
from analyzer.model.tls import Record, Tls

ENCRYPT_THEN_MAC, SESSION_TICKET, EARLY_DATA = 22, 35, 42
"""Extensions (RFC 7366 2, RFC 5077 3.2, RFC 8446 4.2.10)."""
HEADER = 4
"""Bytes of a handshake message before its own: type and length."""


def certificate(tls: Tls, client: bool, record: Record, body: bytes) -> None:
    """The Certificate of TLS 1.3 (RFC 8446 4.4.2): a context before the list, extensions behind each entry."""
    from analyzer.layer.tls.certificate import read_certificate

    try:
        reader = FieldReader(body, 0, len(body))
        reader.block(1)
        chain = reader.block(3)
        der = b"" if not chain.more() else chain.take(chain.number(3))
    except Malformed:
        return
    if client:
        tls.certificate_empty = 0 if der else 1
    elif der and tls.certificate is None:
        entry = len(der).to_bytes(3, "big") + der
        tls.certificate_packet = record.packet
        tls.certificate = read_certificate(len(entry).to_bytes(3, "big") + entry)


def begins_ticket(plain: bytes, size: int, first: bool) -> bool:
    """Whether so many bytes begin as a NewSessionTicket does, before all data as several do (RFC 8446 4.6.1)."""
    announced = HEADER + int.from_bytes(plain[1:4], "big")
    return len(plain) >= HEADER and plain[:2] == b"\4\0" and (announced == size or (first and announced < size))


def finished(tls: Tls, client: bool, record: Record) -> None:
    """The Finished of one side, by keys; that of TLS 1.2 is known without."""
    if client and tls.client_finished is None:
        tls.client_finished = record
    elif not client and tls.server_finished is None:
        tls.server_finished = record


def session_id(hello: bytes) -> bytes:
    """The name of the session in a hello of either side (RFC 5246 7.4.1)."""
    return hello[35 : 35 + hello[34]] if len(hello) > 34 else b""


def offered_ticket(hello: bytes) -> bytes:
    """The ticket in a ClientHello (RFC 5077 3.2), b"" = there is none."""
    try:
        reader = FieldReader(hello, 34, len(hello))
        for width in (1, 2, 1):
            reader.block(width)
    except Malformed:
        return b""
    return extension(reader, SESSION_TICKET) or b""


def new_ticket(message: bytes) -> bytes:
    """That in a NewSessionTicket of TLS 1.2, behind its lifetime (RFC 5077 3.3)."""
    return message[6 : 6 + int.from_bytes(message[4:6], "big")]


def encrypt_then_mac(message: bytes) -> bool:
    """Whether a ServerHello grants encrypt-then-MAC."""
    try:
        reader = FieldReader(message, 34, len(message))
        reader.block(1)
        reader.take(3)
    except Malformed:
        return False
    return extension(reader, ENCRYPT_THEN_MAC) is not None


def takes_early_data(body: bytes) -> bool:
    """Whether EncryptedExtensions say that the server reads the client's early data."""
    return extension(FieldReader(body, 0, len(body)), EARLY_DATA) is not None


def extension(reader: FieldReader, wanted: int) -> bytes | None:
    """What an extension has in a block of them, which may be absent; None = it is not there."""
    try:
        extensions = reader.block(2) if reader.more() else reader
        while extensions.more():
            kind = extensions.number(2)
            body = extensions.block(2)
            if kind == wanted:
                return body.source[body.at : body.limit]
    except Malformed:
        pass
    return None
