"""The key schedules, by published values."""

from __future__ import annotations

import hmac

import pytest
from support.unlocked import store_of

from analyzer.keys.ciphers import Aead13
from analyzer.keys.direction13 import Direction13
from analyzer.keys.epochs import APPLICATION, HANDSHAKE
from analyzer.keys.schedule import expand_label, following, prf
from analyzer.keys.session import Session
from analyzer.keys.suites import SUITES

of = bytes.fromhex

CLIENT = of("b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21")
SERVER = of("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38")
CLIENT_DATA = of("9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5")
SERVER_DATA = of("a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643")
"""The traffic secrets of RFC 8448 3, Simple 1-RTT Handshake."""
RANDOM = of("cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7")
"""Of its ClientHello."""


@pytest.mark.parametrize(
    ("secret", "key", "iv"),
    [
        (CLIENT, "dbfaa693d1762c5b666af5d950258d01", "5bd3c71b836e0b76bb73265f"),
        (SERVER, "3fce516009c21727d0f2e4e86ee403bc", "5d313eb2671276ee13000b30"),
        (CLIENT_DATA, "17422dda596ed5d9acd890e3c63f5051", "5b78923dee08579033e523d9"),
        (SERVER_DATA, "9f02283b6c9c07efc26bb9f2ac92e356", "cf782b88dd83549aadf1e984"),
    ],
)
def test_traffic_keys(secret: bytes, key: str, iv: str) -> None:
    """RFC 8448 3: "derive read/write traffic keys"."""
    assert expand_label("sha256", secret, b"key", 16) == of(key)
    assert expand_label("sha256", secret, b"iv", 12) == of(iv)


def test_a_record_of_the_rfc() -> None:
    """RFC 8448 3: the client's Finished, and its application data, which are the numbers from 0 to 49."""
    store = store_of(
        b"CLIENT_HANDSHAKE_TRAFFIC_SECRET %b %b\nCLIENT_TRAFFIC_SECRET_0 %b %b\n"
        % tuple(one.hex().encode() for one in (RANDOM, CLIENT, RANDOM, CLIENT_DATA))
    )
    session = store.session(RANDOM)
    assert isinstance(session, Session)
    session.negotiated(0x0304, 0x1301, bytes(32))
    finished = of(
        "75ec4dc238cce60b298044a71e219c56cc77b0517fe9b93c7a4bfc44d87f38f80338ac98fc46deb384bd1caeacab6867d726c40546"
    )
    verify = of("14000020a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61")
    assert session.client.open(23, 0x0303, finished) == (22, verify)
    assert session.client.stage == HANDSHAKE
    data = of(
        "a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b62974e1f5a6292a2977014"
        "bd1e3deae63aeebb21694915e4"
    )
    assert session.client.open(23, 0x0303, data) == (23, bytes(range(50)))
    assert session.client.stage == APPLICATION
    assert isinstance(session.client, Direction13)


def test_a_next_secret_is_as_long_as_the_hash() -> None:
    """RFC 8446 7.2; its value is shown by recordings of KeyUpdates, here its form: a label without a context."""
    info = b"\0\x20" + b"\x11tls13 traffic upd" + b"\0"
    assert following("sha256", CLIENT) == hmac.digest(CLIENT, info + b"\1", "sha256")
    assert len(following("sha384", bytes(48))) == 48
    with pytest.raises(ValueError, match="longer"):
        expand_label("sha256", CLIENT, b"key", 33)


@pytest.mark.parametrize(
    ("name", "secret", "seed", "expected"),
    [
        (
            "sha256", "9bbe436ba940f017b17652849a71db35", "a0ba9f936cda311827a6f796ffd5198c",
            "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077d"
            "ef17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66",
        ),
        (
            "sha384", "b80b733d6ceefcdc71566ea48e5567df", "cd665cf6a8447dd6ff8b27555edb7465",
            "7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cde9ca0faa60be9fe34f82b1233c9146a0e534cb400fed"
            "2700884f9dc236f80edd8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d9184259b5bf8cd4d90fa0d31e2dec4"
            "79e4f1a26066f2eea9a69236a3e52655c9e9aee691c8f3a26854308d5eaa3be85e0990703d73e56f",
        ),
    ],
)  # fmt: skip
def test_prf_of_tls12(name: str, secret: str, seed: str, expected: str) -> None:
    """Test vectors that went round the mailing list of the TLS working group (February 2009), label "test label"."""
    length = len(expected) // 2
    assert prf(name, of(secret), b"test label", of(seed), length).hex() == expected


def test_prf_of_tls10() -> None:
    """The secret's two halves, one hash each, share a byte when it is odd (RFC 2246 5)."""
    odd, even = (
        prf("md5", bytes(range(49)), b"label", b"seed", 104),
        prf("md5", bytes(range(48)), b"label", b"seed", 104),
    )
    assert len(odd) == len(even) == 104
    assert odd != even


def test_what_the_cipher_says_of_a_record() -> None:
    """Another number, another type, another length, or a bit of it: it was not made so."""
    cipher = Aead13(SUITES[0x1301], of("dbfaa693d1762c5b666af5d950258d01"), of("5bd3c71b836e0b76bb73265f"))
    body = of(
        "75ec4dc238cce60b298044a71e219c56cc77b0517fe9b93c7a4bfc44d87f38f80338ac98fc46deb384bd1caeacab6867d726c40546"
    )
    assert cipher.read(0, 23, 0x0303, body) is not None
    assert cipher.read(1, 23, 0x0303, body) is None
    assert cipher.read(0, 22, 0x0303, body) is None
    assert cipher.read(0, 23, 0x0301, body) is None
    assert cipher.read(0, 23, 0x0303, body[:-1]) is None
    assert cipher.read(0, 23, 0x0303, b"\0" + body[1:]) is None
    assert cipher.read(0, 23, 0x0303, b"") is None
