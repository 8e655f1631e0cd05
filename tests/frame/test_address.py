"""Addresses print as the standard library prints them."""

import ipaddress
import random

import pytest

from analyzer.frame import address


@pytest.mark.parametrize(
    "text",
    ["::", "::1", "1::", "2001:db8::1", "2001:db8:0:1:1:1:1:1", "2001:0:0:1::1", "1:0:0:2::3", "::ffff:192.0.2.1"],
)
def test_rfc_5952(text):
    """Recommended forms come back as they went in."""
    assert address.text(address_bytes(text)) == text


def address_bytes(text):
    return ipaddress.ip_address(text).packed


def test_agrees_with_the_standard_library():
    """Random addresses with many zeros, both families."""
    dice = random.Random(4)
    for _ in range(2000):
        packed = b"".join(dice.choice((b"\0\0", dice.randbytes(2), b"\0\1")) for _ in range(dice.choice((2, 8))))
        assert address.text(packed) == str(ipaddress.ip_address(packed))


def test_other_lengths():
    """No address is empty text, not an error."""
    assert address.text(b"") == address.text(b"123") == ""
