"""What must not change the verdicts of real captures."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import recording
from support.examples import MIRRORED_SAMPLES, SAMPLE_NAMES, sample
from support.judge import Found, found_among
from support.recording import Recording

ONE_WAY = "possible-one-way-capture"
STRANGER = "ok/curl-tls12-server-side.pcap"
"""On a port of its own: clients of two families on one port, one of each, are taken for one that races."""
RENUMBERED = [name for name in SAMPLE_NAMES if not recording.names_addresses(sample(name))]
ONCE = [name for name in SAMPLE_NAMES if name not in MIRRORED_SAMPLES]
BULK = ("ok/curl-forged-reset-survived.pcap", "ok/curl-segments-lost.pcap")


@cache
def before(name: str) -> list[Found]:
    return judged(sample(name))


def judged(changed: Recording, data: bytes | None = None) -> list[Found]:
    return found_among([frame.origin for frame in changed.frames], data or recording.pcap(changed))


def alone(verdicts: list[Found]) -> list[Found]:
    """The same without what company in the capture may change: whether the capture shows both directions at all."""
    return [one._replace(flags=one.flags - {ONE_WAY}, confidence="") for one in verdicts]


def but_bursts(name: str, verdicts: list[Found]) -> list[Found]:
    """The same without a flag that mirror copies of a burst may set.

    A copy is known again among the last four packets of its sender only; behind more it looks like a retransmission.
    """
    if name not in BULK:
        return verdicts
    return [one._replace(flags=one.flags - {"retransmissions"}) for one in verdicts]


@pytest.mark.parametrize("name", RENUMBERED)
def test_times_addresses_numbers_and_formats_do_not_matter(name: str) -> None:
    """Two years earlier, in another network, with other sequence numbers, as big-endian pcapng: the same verdicts."""
    changed = recording.shifted(recording.renumbered(sample(name), 0xA000, 0x9ABCDEF0), -63_072_000 * 10**9)
    assert judged(changed, recording.pcapng(changed, ">")) == before(name)


@pytest.mark.parametrize("name", ONCE)
def test_a_mirror_port_does_not_matter(name: str) -> None:
    """Every frame twice, 40 microseconds apart, one hop further on."""
    got = judged(recording.mirrored(sample(name), 40_000, 1))
    assert but_bursts(name, got) == but_bursts(name, before(name))


@pytest.mark.parametrize("name", ONCE)
def test_company_does_not_matter(name: str) -> None:
    """Somebody else's fetches at the same time, in the same capture."""
    company = recording.renumbered(sample(STRANGER), 0x5000, 1)
    assert alone(judged(recording.mixed(sample(name), company))) == alone(before(name))


@given(st.data())
def test_all_of_it_together(data: st.DataObject) -> None:
    """The changes above, with any numbers in them, together."""
    name = data.draw(st.sampled_from(ONCE), "sample")
    network, isn = data.draw(st.integers(0, 0xFFFF), "network"), data.draw(st.integers(0, 2**32 - 1), "number")
    changed = recording.renumbered(sample(name), network, isn) if name in RENUMBERED else sample(name)
    company = data.draw(st.booleans(), "company")
    if company:
        other = data.draw(st.sampled_from([STRANGER, "syn-retransmit/curl-syn-dropped.pcap"]), "stranger")
        changed = recording.mixed(changed, recording.renumbered(sample(other), 0x5BAD, 1))
    if data.draw(st.booleans(), "mirror"):
        changed = recording.mirrored(changed, data.draw(st.integers(1, 45)) * 1000, data.draw(st.sampled_from([0, 1])))
    changed = recording.shifted(changed, data.draw(st.integers(-1_600_000_000_000_000, 2_000_000_000_000_000)) * 1000)
    write = data.draw(st.sampled_from([recording.pcap, recording.pcapng]), "format")
    nano = name.endswith("pcapng") or data.draw(st.booleans(), "nanoseconds")
    got = judged(changed, write(changed, data.draw(st.sampled_from("<>"), "order"), nano))
    got, wanted = but_bursts(name, got), but_bursts(name, before(name))
    assert alone(got) == alone(wanted) if company else got == wanted
