"""With keys Wireshark and the program read the same inside TLS: every method, status, stream error and alert."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support import recording
from support.examples import CASES, SAMPLE_NAMES, SAMPLES
from support.incomplete import compiled
from support.inside import Said, by_program, by_wireshark
from support.tls_twins import SUITES
from support.transform import on_port, renumbered, shifted
from support.twin_rows import fetches
from support.twins import NoTwin, twin

from analyzer.fetch.model import Fetch

pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark")

KEYED = [name for name in SAMPLE_NAMES if "inside" in name or "with-keys" in name or "go-http2" in name]
CUT_OFF = "http-failure/curl-truncated-inside-tls.pcapng"
"""The record with the response is not whole: Wireshark shows nothing of it."""

LESS = {
    "h2-client-cancels-behind-a-complete-response": "a RST_STREAM behind the end of both directions ends nothing",
    "h2-client-rejects-a-header-block": "a block that breaks HPACK has no status",
    "h2-header-block-that-cannot-be-decoded": "the same",
    "h2-promised-stream-is-no-fetch": "what the server pushed is no fetch",
    "h2-proxy-grants-one-tunnel-and-refuses-another": "a RST_STREAM behind the end of both directions ends nothing",
    "h2-rst-stream-no-error-after-the-answer-is-ok": "the same",
    "h2-shorter-than-its-content-length-and-reset": "nor does that of the other side behind a first one",
}
"""Where the program says less than Wireshark, and why."""


@pytest.mark.parametrize("name", KEYED)
def test_samples_with_keys_are_read_as_wireshark_does(name: str) -> None:
    """The lab's captures with the client's keys in them."""
    theirs, ours = by_wireshark(SAMPLES / name), by_program(SAMPLES / name)
    if name == CUT_OFF:
        assert {stream: said.methods for stream, said in theirs.items()} == {0: ("GET",)}
        assert {stream: (said.methods, said.statuses) for stream, said in ours.items()} == {0: (("GET",), ("200",))}
        return
    assert any(said.methods for said in ours.values())
    assert ours == theirs


def twins(folder: Path) -> Iterator[tuple[str, int]]:
    """Writes one capture of all twins, with its key log; gives name and number of frames of each."""
    frames: list[recording.Frame] = []
    log = b""
    suites = list(SUITES.values())
    for i, (name, case) in enumerate(CASES.items()):
        if case.link != "ethernet" or case.encap or case.vlans:
            continue
        own = compiled(shifted(on_port(renumbered(case, i + 1, 0), 443), i * 1000 * 10**9))
        try:
            inside, key_log = twin(own, fetches(own), suites[i % len(suites)])
        except NoTwin:
            continue
        frames += inside.frames
        log += key_log
        yield name, len(inside.frames)
    whole = recording.Recording(1, tuple(replace(frame, origin=0) for frame in frames))
    (folder / "twins.pcap").write_bytes(recording.pcap(whole))
    (folder / "twins.keys").write_bytes(log)


def test_twins_of_all_cases_are_read_as_wireshark_does(tmp_path: Path) -> None:
    """What Wireshark finds in the TLS twin of a case the program finds too, and nine in ten are alike to the last word.

    Behind holes, and of packets cut short, the program finds more.
    """
    names = [name for name, frames in twins(tmp_path) for _ in range(frames)]
    capture, keys = tmp_path / "twins.pcap", tmp_path / "twins.keys"
    theirs, ours = by_wireshark(capture, keys), by_program(capture, keys)
    firsts = {fetch.flow.stream: fetch.flow.first_packet for fetch in _read(capture, keys)}
    missing = {
        names[firsts[stream] - 1]
        for stream, said in theirs.items()
        if any(not within(one, other) for one, other in zip(said, ours.get(stream, Said()), strict=True))
    }
    assert missing == set(LESS)
    alike = sum(ours.get(stream) == said for stream, said in theirs.items())
    assert len(theirs) > 200
    assert alike > 0.9 * len(theirs)


def _read(capture: Path, keys: Path) -> Iterator[Fetch]:
    from analyzer.api import Reading

    return iter(Reading(str(capture), kinds=True, keylogs=[str(keys)]))


def within(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether each word is there as often."""
    return all(one.count(word) <= other.count(word) for word in one)
