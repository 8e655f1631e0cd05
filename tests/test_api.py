import sys
from types import ModuleType, SimpleNamespace

import pandas as pd
import pytest

import analyzer.reading.keys  # noqa: F401 - before its neighbours are replaced
from analyzer.api import Reading, classify, read
from analyzer.capture.losses import Losses
from analyzer.errors import CaptureError, ExitStatus
from analyzer.fetch.model import Fetch
from analyzer.model.connection import Connection
from analyzer.output.columns import COLUMNS
from analyzer.verdict.brief import Brief
from analyzer.verdict.order import Order


def connection(first_packet, stream=0, said=1):
    """A connection of which the capture shows that the client said something, and no more."""
    made = Connection(stream)
    made.first_packet = made.last_packet = first_packet
    made.first_time = made.last_time = made.established_time = first_packet * 1_000_000_001
    made.client.packets = made.server.packets = 1
    made.client.bytes = made.client.end = said
    return made


def fetch_of(made):
    fetch = Fetch(made, None)
    fetch.first_packet, fetch.start = made.first_packet, made.first_time
    return fetch


SILENT = 7
"""The first packet of a connection that carries no fetch."""


class FakeEngine:
    """Ends connections in the order of the script: (first packets that end, oldest still open)."""

    script: tuple = ()
    partial = looking = False

    def __init__(self, frames):
        self.frames_seen, self.tcp_packets, self.connections, self.warnings = 9, 8, 3, ["1 frame was odd"]
        self.oldest = 0
        self.table = SimpleNamespace(reassembler=SimpleNamespace(keys=None))

    def batches(self, size=4096):
        for ended, oldest in self.script:
            self.oldest = oldest
            yield [connection(first, stream=first, said=int(first != SILENT)) for first in ended]

    def oldest_open(self):
        return self.oldest

    def oldest_time(self):
        return 0


@pytest.fixture
def stages(monkeypatch):
    """The stages before and after, replaced by the least that keeps their contract."""

    def module(name, **contents):
        made = ModuleType(name)
        vars(made).update(contents)
        monkeypatch.setitem(sys.modules, name, made)

    def open_capture(source, waiting=None):
        if "bad" in source.name:
            raise CaptureError(f"cannot read `{source.name}`: no capture", "give it another file")
        return SimpleNamespace(
            frames=SimpleNamespace(position=5),
            warnings=["the last packet is cut"] if "cut" in source.name else [],
            damaged="cut" in source.name,
            losses=Losses(),
            tick=lambda: None,
            close=lambda: None,
        )

    def expand(paths):
        if any("missing" in path for path in paths):
            raise CaptureError("cannot read `missing`: no such file")
        return [SimpleNamespace(name=path, paths=[path]) for path in paths]

    module("analyzer.capture", open_capture=open_capture, expand=expand)
    module("analyzer.reading.engine", Engine=FakeEngine)
    monkeypatch.setattr(FakeEngine, "script", (([4], 2), ([7, 9], 2), ([2], 12), ([12], 1 << 62)))


def test_fetches_come_in_the_order_of_their_first_packets(stages):
    """A connection that began first and ends last still comes first, and numbers follow that order."""
    assert [(fetch.number, fetch.first_packet) for fetch in read("a.pcap")] == [(1, 2), (2, 4), (3, 9), (4, 12)]


def test_each_capture_is_numbered_from_one(stages):
    """Numbers are those of the capture, files come in the order given."""
    found = [(fetch.file, fetch.number) for fetch in read(["b.pcap", "a.pcap"])]
    assert found == [(name, number) for name in ("b.pcap", "a.pcap") for number in (1, 2, 3, 4)]


def test_connections_without_a_fetch_are_counted_and_listed_on_request(stages):
    """They have no number and do not shift those of the fetches."""
    reading = Reading("a.pcap", kinds=True)
    assert [(fetch.kind, fetch.number) for fetch in reading][2] == ("speculative", 0)
    assert reading.without_fetch == 1


def test_a_fetch_is_not_held_longer_than_needed():
    """What no open connection can precede leaves at once: a live capture shows it."""
    order = Order()
    for first in (3, 8):
        order.add(Brief(fetch_of(connection(first))))
    assert [order.leave(5).first_packet, order.leave(5)] == [3, None]
    assert order.leave(9).first_packet == 8


def test_beyond_the_cap_order_is_given_up_and_said(stages, monkeypatch):
    """Memory is capped; the reader is told that rows are out of order."""
    monkeypatch.setattr("analyzer.reading.reading.MAX_HELD", 1)
    reading = Reading("a.pcap")
    assert [fetch.first_packet for fetch in reading] == [4, 2, 9, 12]
    assert any("not in order" in text for text in reading.warnings)


def test_one_bad_file_does_not_stop_the_others(stages):
    """The good ones are read, the bad ones told, and the status says partial."""
    reading = Reading(["bad.pcap", "a.pcap", "missing"])
    assert len(list(reading)) == 4
    assert len(reading.failures) == 2
    assert reading.exit_status is ExitStatus.DAMAGED


def test_damage_makes_the_results_partial(stages):
    """Warnings name the file when there are several; damaged means exit 3."""
    reading = Reading(["cut.pcap", "a.pcap"])
    list(reading)
    assert reading.exit_status is ExitStatus.DAMAGED
    assert reading.warnings[0] == "`cut.pcap`: the last packet is cut"


@pytest.mark.parametrize("paths", ["bad.pcap", ["bad.pcap", "bad2.pcap"], "missing"])
def test_nothing_readable_is_an_error(stages, paths):
    """read() and classify() raise when no capture could be read."""
    with pytest.raises(CaptureError):
        list(read(paths))
    with pytest.raises(CaptureError):
        classify(paths)


def test_progress_is_told(stages, tmp_path):
    """Bytes read and bytes in all, so that a bar can be drawn."""
    path = tmp_path / "a.pcap"
    path.write_bytes(bytes(50))
    told = []
    list(read(path, progress=lambda *numbers: told.append(numbers)))
    assert set(told) == {(5, 50)}


def test_the_data_frame_has_the_columns_of_the_csv(stages):
    """Same columns, exact instants, no object columns."""
    frame = classify("cut.pcap")
    assert tuple(frame.columns) == COLUMNS
    assert frame["start"].tolist()[0] == pd.Timestamp(2 * 1_000_000_001, tz="UTC")
    assert str(frame["start"].dtype) == "datetime64[ns, UTC]"
    assert (frame["status"].dtype, frame["duration_s"].dtype) == ("Int64", "float64")
    assert "object" not in {str(dtype) for dtype in frame.dtypes}
    assert frame.attrs == {"warnings": ["the last packet is cut", "1 frame was odd"], "damaged": True}


def test_no_fetch_changes_no_column_and_no_type(stages, monkeypatch):
    """A capture without fetches gives an empty frame that concatenates and groups like any other."""
    full = classify("a.pcap")
    monkeypatch.setattr(FakeEngine, "script", ())
    empty = classify("a.pcap")
    assert len(empty) == 0
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()


def test_the_public_api_is_what_the_package_says():
    """Every public name can be imported from the package, and nothing else pretends to be there."""
    import analyzer

    assert all(getattr(analyzer, name) is not None for name in analyzer.__all__)
    with pytest.raises(AttributeError):
        _ = analyzer.nothing
