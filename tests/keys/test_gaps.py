"""Records that were not seen, not wanted, or not made with these keys: reading goes on behind them, at a fixed cost."""

from __future__ import annotations

import ssl
from copy import deepcopy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.recorded import NAMES, recorded
from support.tls_talk import NO_ENCRYPT_THEN_MAC, Record, Talk, contexts, talk
from support.unlocked import Layer, data_of, read, store_of

from analyzer.keys.direction import MOST_FAILED, SEARCH, WINDOW, Opener

V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
UPDATE = 22
"""Bytes of a record that is a KeyUpdate."""
NO_EMPTY = 1 << 11
"""SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS of OpenSSL: without an empty record before each."""
FORMS = {
    "1.3": (V13, "", 0),
    "1.2 GCM": (V12, "ECDHE-ECDSA-AES128-GCM-SHA256", 0),
    "1.2 ChaCha20": (V12, "ECDHE-ECDSA-CHACHA20-POLY1305", 0),
    "1.2 CCM": (V12, "ECDHE-ECDSA-AES256-CCM8", 0),
    "1.2 CBC": (V12, "ECDHE-ECDSA-AES256-SHA384", 0),
    "1.2 CBC, MAC then encrypt": (V12, "ECDHE-ECDSA-AES128-SHA", NO_ENCRYPT_THEN_MAC),
    "1.1": (ssl.TLSVersion.TLSv1_1, "ECDHE-ECDSA-AES128-SHA", 0),
    "1.0": (ssl.TLSVersion.TLSv1, "ECDHE-ECDSA-AES128-SHA", NO_EMPTY),
    "1.0, MAC then encrypt": (ssl.TLSVersion.TLSv1, "ECDHE-ECDSA-AES256-SHA", NO_EMPTY | NO_ENCRYPT_THEN_MAC),
}
pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
SAID = [(True, b"%03d" % number) for number in range(100)]


@pytest.fixture(scope="module", params=FORMS)
def numbered(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Talk]:
    """A server that says a hundred numbers, a record each."""
    log = tmp_path_factory.mktemp("keys") / "log"
    version, ciphers, options = FORMS[request.param]
    return request.param, talk(*contexts(log, version, ciphers, "ec", options), log, SAID)


def numbers_of(found: Talk) -> list[int]:
    """Where in the records of the connection the server's numbers are: behind its handshake and its tickets."""
    mine = [at for at, one in enumerate(found.records) if one.server and one.kind == 23]
    size = len(found.records[mine[-2]].body)
    same = [at for at in mine if len(found.records[at].body) == size]
    return same[-100:]


def server_of(layer: Layer) -> Opener:
    assert layer.session is not None
    return layer.session.server


def blind(name: str) -> int:
    """Numbers that are missed behind a hole besides: in TLS 1.0 a record is needed to read the next."""
    return 1 if name.startswith("1.0") else 0


@pytest.mark.parametrize("lost", [1, 2, 40, WINDOW - 1])
def test_a_hole(numbered: tuple[str, Talk], lost: int) -> None:
    """The first record behind a hole is read, whose number is found by trial."""
    name, found = numbered
    places = numbers_of(found)
    hole = set(places[20 : 20 + lost])
    layer = Layer(store_of(found.key_log))
    for at, record in enumerate(found.records):
        if at == places[20]:
            server_of(layer).gap()
        if at not in hole:
            layer.record(record)
    expected = b"".join(b"%03d" % at for at in range(100) if not 20 <= at < 20 + lost + blind(name))
    assert data_of(layer.said)[True] == expected
    assert server_of(layer).failed == 0


def test_a_large_hole(numbered: tuple[str, Talk]) -> None:
    """More records than are tried are found by their own count (explicit nonces of TLS 1.2), or not at all."""
    name, found = numbered
    places = numbers_of(found)
    layer = Layer(store_of(found.key_log))
    for at, record in enumerate(found.records):
        if at == places[5]:
            server_of(layer).gap()
        if at not in set(places[5:80]):
            layer.record(record)
    rest = data_of(layer.said)[True].removeprefix(b"000001002003004")
    if name in ("1.2 GCM", "1.2 CCM"):
        assert rest.startswith(b"080081")
        assert server_of(layer).failed == 0
    else:
        assert rest == b""
        assert server_of(layer).failed == MOST_FAILED


@pytest.mark.parametrize("size", [200, 1400, 16384])
def test_the_size_of_a_hole_helps(size: int, tmp_path: Path) -> None:
    """More records were lost than are tried: their number is told by their length, if all are about as long."""
    log = tmp_path / "log"
    said = [(True, bytes(size + at % 7 - 6)) for at in range(1200)]
    found = talk(*contexts(log, V13), log, said)
    places = [at for at, one in enumerate(found.records) if one.server and one.kind == 23][-1201:-1]
    layer = Layer(store_of(found.key_log))
    hole = places[10:1150]
    for at, record in enumerate(found.records):
        if at == places[1150]:
            server_of(layer).gap(sum(5 + len(found.records[one].body) for one in hole))
        if at not in set(hole):
            layer.record(record)
    assert data_of(layer.said)[True] == b"".join(data for _, data in said[:10] + said[1150:])
    assert server_of(layer).failed == 0


@pytest.mark.parametrize("count", [1, 7, 90])
def test_records_that_are_skipped(numbered: tuple[str, Talk], count: int) -> None:
    """However many are passed over: they are counted, and nothing is tried."""
    name, found = numbered
    places = numbers_of(found)
    layer = Layer(store_of(found.key_log))
    for at, record in enumerate(found.records):
        if at == places[3]:
            server_of(layer).skip(count - 1)
            server_of(layer).skip()
        if at not in places[3 : 3 + count]:
            layer.record(record)
    expected = b"".join(b"%03d" % at for at in range(100) if not 3 <= at < 3 + count + blind(name))
    assert data_of(layer.said)[True] == expected
    assert server_of(layer).failed == 0
    assert server_of(layer).skipped == count + blind(name)


def test_a_copy_counts_on_its_own(numbered: tuple[str, Talk]) -> None:
    """A connection that is copied while it is open is read on in the copy, and in the original."""
    _, found = numbered
    places = numbers_of(found)
    layer = Layer(store_of(found.key_log))
    for record in found.records[: places[50]]:
        layer.record(record)
    twin = deepcopy(layer)
    assert twin.session is not layer.session
    for one in (twin, layer):
        for record in found.records[places[50] :]:
            one.record(record)
        assert data_of(one.said)[True] == b"".join(data for _, data in SAID)
    assert server_of(twin).opened == server_of(layer).opened


def test_a_damaged_record(numbered: tuple[str, Talk]) -> None:
    """One is not read, the next is; in TLS 1.0 the one behind that, if the damage is where the next one begins with."""
    name, found = numbered
    places = numbers_of(found)
    records = list(found.records)
    one = records[places[8]]
    records[places[8]] = Record(True, one.kind, one.version, one.body[:-20] + bytes(20))
    layer = read(records, found.key_log)
    said = data_of(layer.said)[True]
    assert said.startswith(b"000001002003004005006007")
    assert said.endswith(b"098099")
    both = name == "1.0, MAC then encrypt"
    assert 100 - len(said) // 3 == (2 if both else 1)
    assert server_of(layer).failed == (1 + SEARCH if both else 1)


def test_keys_of_another_connection(numbered: tuple[str, Talk]) -> None:
    """Nothing opens, and after a few records nothing is tried."""
    _, found = numbered
    random = found.hellos.client_random.hex().encode()
    log = b"".join(
        b"%b %b %b\n" % (label, random, bytes(48).hex().encode())
        for label in (b"CLIENT_RANDOM", b"SERVER_HANDSHAKE_TRAFFIC_SECRET", b"SERVER_TRAFFIC_SECRET_0")
    )
    layer = read(found.records, log)
    assert layer.session is not None
    assert layer.session.opened == 0
    assert server_of(layer).failed == MOST_FAILED
    assert data_of(layer.said) == {False: b"", True: b""}


def test_keys_of_one_direction() -> None:
    """The other one is not read."""
    found = recorded("aes256-gcm")
    log = b"".join(line for line in found.key_log.splitlines(True) if line.startswith(b"SERVER"))
    layer = read(found.records, log)
    assert data_of(layer.said) == {False: b"", True: b"1.1/PTTH a/ TEG\n"}
    assert layer.session is not None
    assert layer.session.client.failed == 0


def test_logs_that_disagree(numbered: tuple[str, Talk]) -> None:
    """Wrong secrets beside the right one: it is found."""
    _, found = numbered
    wrong = b"".join(line[:-30] + b"0" * 29 + b"\n" for line in found.key_log.splitlines(True) if line[:1] != b"#")
    layer = read(found.records, wrong + found.key_log + found.key_log)
    assert data_of(layer.said)[True] == b"".join(data for _, data in SAID)
    assert layer.session is not None
    assert layer.session.secrets.disagreeing >= 1
    assert layer.session.failed == 0


@given(st.sampled_from(NAMES), st.data())
def test_whatever_is_missing(name: str, data: st.DataObject) -> None:
    """A hole anywhere: no error, and nothing is read that was not said."""
    found = recorded(name)
    whole = read(found.records, found.key_log).said
    first = data.draw(st.integers(2, len(found.records) - 1))
    last = data.draw(st.integers(first, len(found.records)))
    layer = Layer(store_of(found.key_log))
    for at, record in enumerate(found.records):
        if at == first and layer.session is not None:
            layer.session.client.gap()
            layer.session.server.gap()
        if not first <= at < last:
            layer.record(record)
    assert all(one in whole for one in layer.said)


@given(st.sampled_from(NAMES), st.data())
def test_whatever_is_skipped(name: str, data: st.DataObject) -> None:
    """All records that were not skipped are read, as long as KeyUpdates are not."""
    found = recorded(name)
    if "renegotiation" in name:
        return
    chosen = data.draw(st.sets(st.integers(2, len(found.records) - 1)))
    layer = Layer(store_of(found.key_log))
    kept = []
    whole = Layer(store_of(found.key_log))
    for at, record in enumerate(found.records):
        before = len(whole.said)
        whole.record(record)
        if at in chosen and layer.session is not None and record.kind != 22 and len(record.body) != UPDATE:
            (layer.session.server if record.server else layer.session.client).skip()
            continue
        layer.record(record)
        kept += whole.said[before:]
    assert layer.said == kept
    assert layer.session is not None
    assert layer.session.failed == 0
