"""Names that DNS gives to connections, and rows of names that failed, from captures."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.judge import judge

import analyzer
from analyzer.api import Reading
from analyzer.fetch import names, wishes
from analyzer.fetch.resolution import loopback, prefixes, without_middle
from analyzer.output.cells import CsvCells
from analyzer.output.row import csv_line, values
from analyzer.pkt.build import pcap
from analyzer.pkt.timeline import parse

RESOLVER = "name r client 192.0.2.10:40000 server 192.0.2.53:53\n"
REFUSED = "{0:.3f} > S 0:0(0)\n{1:.3f} < R. 0:0(0) ack 1\n"


def asked_at(*seconds: int) -> str:
    """The same missing name is asked for at these times."""
    line = "{0}.0 r > dns A nx.example qid {1}\n{0}.1 r < dns A nx.example qid {1} nxdomain\n"
    return RESOLVER + "".join(line.format(second, second + 1) for second in seconds)


def fetches(text: str) -> list[analyzer.Fetch]:
    return judge(pcap(parse(text)))


def test_the_newest_answer_before_the_syn_names_the_connection():
    """Two names share an address: the one that this client asked for last, before the SYN, is meant."""
    found = fetches(
        RESOLVER
        + "0.000 r > dns A one.example\n0.010 r < dns A one.example 198.51.100.20\n"
        + "0.020 r > dns A two.example qid 5\n0.030 r < dns A two.example qid 5 198.51.100.20\n"
        + REFUSED.format(0.04, 0.05)
        + "0.060 r > dns A three.example qid 6\n0.070 r < dns A three.example qid 6 198.51.100.20\n"
    )
    assert [fetch.name for fetch in found] == ["two.example"]
    assert found[0].dns_s == pytest.approx(0.01)


def test_another_clients_lookup_names_nothing():
    """The name is the asker's: another client's connection to the same address stays without."""
    found = fetches(
        "name r client 192.0.2.77:40000 server 192.0.2.53:53\n"
        "0.000 r > dns A one.example\n0.010 r < dns A one.example 198.51.100.20\n" + REFUSED.format(0.04, 0.05)
    )
    assert [(fetch.name, fetch.dns_s) for fetch in found] == [("", -1.0)]


def test_the_stub_resolver_speaks_for_its_host():
    """systemd-resolved answers from its cache on the loopback: the host's connection has the name."""
    found = fetches(
        "name r client 127.0.0.1:40000 server 127.0.0.53:53\n"
        "0.000 r > dns A one.example\n0.010 r < dns A one.example 198.51.100.20\n" + REFUSED.format(0.04, 0.05)
    )
    assert [fetch.name for fetch in found] == ["one.example"]


def test_the_dns_phase_begins_at_most_six_seconds_before_the_syn():
    """A lookup of long ago still names the connection, and takes none of its time (signatures.md 6.1 `dns_link`)."""
    found = fetches(
        RESOLVER + "0.000 r > dns A one.example\n0.010 r < dns A one.example 198.51.100.20\n" + REFUSED.format(6.1, 6.2)
    )
    assert [(fetch.name, fetch.dns_s) for fetch in found] == [("one.example", -1.0)]


def test_a_name_said_by_the_client_is_not_overruled():
    """Host says another name than DNS: the client's own word counts, and the lookup of that name its time."""
    found = fetches(
        RESOLVER
        + "0.000 r > dns A one.example\n0.200 r < dns A one.example 198.51.100.20\n"
        + "0.200 r > dns A two.example qid 9\n0.500 r < dns A two.example qid 9 198.51.100.20\n"
        + "1.0 > S 0:0(0)\n1.1 < S. 0:0(0) ack 1\n1.1 > . 1:1(0) ack 1\n"
        + "1.2 > P. 1:101(100) ack 1 http GET / host One.example\n"
        + "1.3 < P. 1:201(200) ack 101 http 200 content-length 100\n"
    )
    assert [(fetch.name, fetch.verdict.flags) for fetch in found] == [("One.example", ())]
    assert found[0].dns_s == pytest.approx(0.2)


def test_rows_stay_in_the_order_of_first_packets():
    """A name that fails for 5 s comes before a connection that began later and ended sooner."""
    found = fetches(
        RESOLVER
        + "0.000 r > dns A lost.example\n"
        + REFUSED.format(1, 1.1)
        + "5.000 r > dns A lost.example\ncapture ends 60.0\n"
    )
    assert [(fetch.number, fetch.verdict.klass) for fetch in found] == [(1, "dns-failure"), (2, "rst")]


def test_a_retry_behind_an_open_wish_is_grouped_however_the_capture_is_read(tmp_path, monkeypatch):
    """The retry's row waits for a name that began before it; its group must not be closed meanwhile."""
    talk = "".join(f"{92.1 + k / 5:.3f} c > P. {1 + 10 * k}:{11 + 10 * k}(10) ack 1 zeros\n" for k in range(40))
    path = tmp_path / "case.pcap"
    path.write_bytes(
        pcap(
            parse(
                RESOLVER
                + "name b client 192.0.2.10:50001\nname c client 192.0.2.30:6000 server 203.0.113.9:9\n"
                + "0.000 b > S 0:0(0)\n0.001 b < R. 0:0(0) ack 1\n81.0 r > dns A other.example\n"
                + "85.00 > S 0:0(0)\n85.01 < S. 0:0(0) ack 1\n85.01 > . 1:1(0) ack 1\n"
                + "85.02 > P. 1:121(120) ack 1 http GET /a host server.example\n"
                + "85.03 < P. 1:151(150) ack 121 http 200 content-length 40\n"
                + "85.04 > F. 121:121(0) ack 151\n85.05 < F. 151:151(0) ack 122\n85.05 > . 122:122(0) ack 152\n"
                + "86.0 r > dns A other.example\n91.0 r > dns A other.example\n"
                + "92.000 c > S 0:0(0)\n92.001 c < S. 0:0(0) ack 1\n92.002 c > . 1:1(0) ack 1\n"
                + talk
                + "capture ends 160.0\n"
            )
        )
    )
    monkeypatch.setattr(Reading, "_batch", lambda _: (1,))  # a look after every frame, as in a pipe
    assert [(fetch.attempt, fetch.group_outcome) for fetch in Reading(path)][:3] == [
        (1, "recovered"), (0, ""), (2, "recovered")
    ]  # fmt: skip


def test_a_later_try_is_another_fetch():
    """More than ten seconds after the last question the client wants something new."""
    assert [fetch.verdict.cause for fetch in fetches(asked_at(0, 30))] == ["dns-nxdomain", "dns-nxdomain"]


def test_a_client_that_asks_for_ever_is_reported_each_minute():
    """A poller must not hold back all other rows."""
    assert len(fetches(asked_at(*range(0, 130, 5)))) == 2


def test_hostile_names_are_shown_escaped():
    """Terminal escapes, quotes and formulas reach neither a cell nor a display filter raw."""
    question = 'dns A "=\\x1b[2J\\x22\\x5c.example"'
    found = fetches(f"{RESOLVER}0.0 r > {question}\n0.1 r < {question} nxdomain\n")
    row = dict(zip(analyzer.COLUMNS, values(found[0]), strict=True))
    assert row["name"] == '=\\x1b[2j"\\.example'
    assert row["wireshark_filter"] == r'dns.qry.name == "=\x1b[2J\x22\x5c.example"'
    line = csv_line(CsvCells(), found[0]).decode()
    assert "\x1b" not in line
    assert ",\"'=" in line


def test_memory_is_capped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Many names: the first are forgotten, and that is said."""
    monkeypatch.setattr(names, "MAX_ANSWERS", 4)
    monkeypatch.setattr(wishes, "MAX_OPEN", 4)
    text = RESOLVER
    for i in range(10):
        text += f"0.{i}00 r > dns A n{i}.example qid {i}\n0.{i}01 r < dns A n{i}.example qid {i} 198.51.100.{i}\n"
    path = tmp_path / "many.pcap"
    path.write_bytes(pcap(parse(text)))
    reading = analyzer.Reading(str(path))
    assert list(reading) == []
    assert "6 DNS names or addresses were forgotten" in " ".join(reading.warnings)
    assert "6 names were judged before their time" in " ".join(reading.warnings)


def test_search_domain_variants():
    """What a name may be a variant of: its label prefixes, and itself with a shorter search domain."""
    assert list(prefixes("a.b.c")) == ["a.b", "a"]
    assert "web.other.svc.cluster.local" in set(without_middle("web.other.default.svc.cluster.local"))
    assert "www.com" not in set(without_middle("www.example.com"))  # the public suffix alone is no search domain


def test_loopback():
    """127/8 and ::1 never leave the host."""
    assert [loopback(bytes(raw)) for raw in ([127, 0, 0, 53], [10, 0, 0, 1], [*[0] * 15, 1], [*[0] * 16])] == [
        True, False, True, False,
    ]  # fmt: skip


def test_two_clients_of_two_dead_resolvers_are_two_fetches():
    """A forwarder asks on at once; a second after the first client, it is somebody else who wants the name."""
    found = fetches(
        RESOLVER
        + "name u client 192.0.2.11:40000 server 192.0.2.54:53\n"
        + "0.000 r > dns A lost.example\n1.000 u > dns A lost.example qid 8\n"
        + "5.001 r > dns A lost.example\n6.001 u > dns A lost.example qid 8\ncapture ends 60.0\n"
    )
    assert [fetch.verdict.cause for fetch in found] == ["dns-no-answer", "dns-no-answer"]
