"""Facts of a leaf certificate in plain sight (TLS 1.2 and older), by a bounded DER walk (X.690, RFC 5280 4.1).

A library that verifies signatures costs a tenth of a second to import; only names and dates are wanted here.
"""

from __future__ import annotations

import ipaddress

import cython

from analyzer.layer.tls.reader import FieldReader, Malformed, text

SEQUENCE = 0x30
UTC_TIME = 0x17
VERSION = 0xA0
EXTENSIONS = 0xA3
DNS_NAME = 0x82
IP_ADDRESS = 0x87
BMP_STRING = 0x1E

COMMON_NAME = b"\x55\x04\x03"
ORGANIZATION = b"\x55\x04\x0a"
ALT_NAMES = b"\x55\x1d\x11"

MAX_NAMES = 100
MAX_TEXT = 256
MAX_KNOWN, LARGEST_KNOWN = 1024, 4096
"""Certificates whose facts are remembered, and bytes of the largest, 4 MB: a server shows the same to everybody."""

_known: dict[bytes, dict[str, str]] = {}


def read_certificate(message: bytes) -> dict[str, str] | None:
    """The leaf of a TLS <= 1.2 Certificate message: subject, issuer, names, not_before, not_after, self_issued, sha256.

    `subject` and `issuer` are common names (else organizations), `names` is separated by spaces (the first MAX_NAMES),
    times are RFC 3339 in UTC, `self_issued` is "1" or "". None when the list is empty or the certificate is malformed.
    """
    try:
        chain = FieldReader(message, 0, len(message)).block(3)
        if not chain.more():
            return None
        leaf = chain.block(3)
        der: bytes = leaf.take(leaf.limit - leaf.at)
        known: dict[str, str] | None = _known.get(der)
        if known is not None:
            return known
        facts = _facts(der)
    except Malformed:
        return None
    import hashlib  # here, because it takes 5 ms

    facts["sha256"] = hashlib.sha256(der).hexdigest()
    if len(der) <= LARGEST_KNOWN:
        if len(_known) >= MAX_KNOWN:
            _known.clear()
        _known[der] = facts
    return facts


def _facts(der: bytes) -> dict[str, str]:
    certificate = _expect(FieldReader(der, 0, len(der)), SEQUENCE)
    fields = _expect(certificate, SEQUENCE)
    if fields.more() and der[fields.at] == VERSION:
        _element(fields)
    _element(fields)  # serial number
    _element(fields)  # signature algorithm
    issuer, issued_by = _whole_name(fields)
    validity = _expect(fields, SEQUENCE)
    not_before, not_after = _time(validity), _time(validity)
    subject, itself = _whole_name(fields)
    _element(fields)  # public key
    names: list[str] = []
    while fields.more():
        tag, body = _element(fields)
        if tag == EXTENSIONS:
            names = _alt_names(_expect(body, SEQUENCE))
    return {
        "subject": subject,
        "issuer": issuer,
        "names": " ".join(names),
        "not_before": not_before,
        "not_after": not_after,
        "self_issued": "1" if itself == issued_by else "",
    }


def _element(reader: FieldReader) -> tuple[int, FieldReader]:
    """Tag and content of the next element; lengths above four bytes and multi-byte tags are not certificates."""
    tag: cython.int = reader.number(1)
    length: cython.longlong = reader.number(1)
    if length > 0x84 or length == 0x80:
        raise Malformed
    if length > 0x80:
        length = reader.number(length & 0x7F)
    if length > reader.limit - reader.at:
        raise Malformed
    body = FieldReader(reader.source, reader.at, reader.at + length)
    reader.at += length
    return tag, body


def _expect(reader: FieldReader, wanted: cython.int) -> FieldReader:
    tag, body = _element(reader)
    if tag != wanted:
        raise Malformed
    return body


def _whole_name(fields: FieldReader) -> tuple[str, bytes]:
    """A name for people, and all of its bytes."""
    name = _expect(fields, SEQUENCE)
    return _name(FieldReader(name.source, name.at, name.limit)), _rest(name)


def _rest(reader: FieldReader) -> bytes:
    return reader.take(reader.limit - reader.at)


def _name(name: FieldReader) -> str:
    """The common name, else the organization, else "". The last one counts: it is the most specific."""
    common = organization = ""
    while name.more():
        _, attributes = _element(name)
        while attributes.more():
            pair = _expect(attributes, SEQUENCE)
            _, kind = _element(pair)
            tag, value = _element(pair)
            oid = _rest(kind)
            if oid == COMMON_NAME:
                common = _string(tag, _rest(value))
            elif oid == ORGANIZATION:
                organization = _string(tag, _rest(value))
    return common or organization


def _string(tag: cython.int, raw: bytes) -> str:
    if tag == BMP_STRING:
        raw = raw.decode("utf-16-be", "replace").encode()
    return text(raw, MAX_TEXT)


def _time(validity: FieldReader) -> str:
    """UTCTime `YYMMDDHHMMSSZ` (from 50 on: 19YY, RFC 5280 4.1.2.5.1) or GeneralizedTime with four digits of year."""
    tag, body = _element(validity)
    raw = _rest(body)
    if not raw.isascii() or not raw[:-1].isdigit() or len(raw) != (13 if tag == UTC_TIME else 15):
        return ""
    digits = raw.decode("ascii")
    if tag == UTC_TIME:
        digits = ("19" if digits >= "50" else "20") + digits
    date, clock = digits[:8], digits[8:14]
    return f"{date[:4]}-{date[4:6]}-{date[6:]}T{clock[:2]}:{clock[2:4]}:{clock[4:]}Z"


def _alt_names(extensions: FieldReader) -> list[str]:
    names: list[str] = []
    while extensions.more():
        extension = _expect(extensions, SEQUENCE)
        _, kind = _element(extension)
        if _rest(kind) != ALT_NAMES:
            continue
        tag, value = _element(extension)
        if tag == 1:  # the optional `critical`
            _, value = _element(extension)
        entries = _expect(value, SEQUENCE)
        while entries.more() and len(names) < MAX_NAMES:
            tag, entry = _element(entries)
            raw = _rest(entry)
            if tag == DNS_NAME:
                names.append(text(raw, MAX_TEXT))
            elif tag == IP_ADDRESS and len(raw) in (4, 16):
                names.append(str(ipaddress.ip_address(raw)))
    return names
