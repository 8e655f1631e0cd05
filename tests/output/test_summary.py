import pytest

from analyzer.model.connection import Connection
from analyzer.output import findings, summary
from analyzer.output.summary import Summary
from analyzer.verdict.model import Verdict
from analyzer.verdict.told import Event


def test_the_count_line_starts_with_what_went_well(fetch, make):
    """ok first, then the failures in the order of the classes."""
    counted = Summary()
    for each in (fetch, make(verdict=Verdict("ok", "", "high")), make(kind="speculative")):
        counted.add(each)
    assert counted.lines() == ["2 fetches: 1 ok, 1 rst", "1 connection carried no fetch"]


def test_failures_that_share_verdict_and_place_are_one_finding(fetch):
    """Seven resets at one server are one thing to know."""
    counted = Summary()
    for _ in range(7):
        counted.add(fetch)
    assert counted.lines()[1] == "7 of them rst/rst-after-clienthello at example.org:443"


def shared(*fetches):
    counted = Summary()
    for each in fetches:
        counted.add(each)
    return [line for line in counted.lines() if " of them " in line]


def at_port(number):
    connection = Connection(1)
    connection.server.address, connection.server.port = b"\xcb\x00\x71\x50", number
    return connection


def test_failures_at_two_ports_are_two_things(make):
    """A resolver and a web server may be one machine; what listens there differs."""
    lines = shared(*[make(connection=at_port(port)) for port in (80, 443, 443, 80, 80)])
    assert [(line[0], line.split(" ")[-1]) for line in lines] == [("3", "example.org:80"), ("2", "example.org:443")]


def test_failures_in_two_captures_are_two_things(make):
    """What failed at two clients failed twice; with one capture its name says nothing."""
    lines = shared(*[make(file=file) for file in ("a.pcap", "b.pcap", "a.pcap", "b.pcap", "b.pcap")])
    assert [line.split(" in ")[1] for line in lines] == ["b.pcap", "a.pcap"]
    assert " in " not in shared(make(), make())[0]


def test_a_name_that_was_not_found_is_at_no_port(make):
    """The port is the resolver's."""
    failed = make(verdict=Verdict("dns-failure", "dns-nxdomain", "high"))
    assert shared(failed, failed) == ["2 of them dns-failure/dns-nxdomain for example.org"]


def test_an_address_of_ipv6_has_brackets(make):
    """Else nobody can tell where the port begins."""
    connection = at_port(443)
    connection.server.address = bytes(15) + b"\x01"
    failed = make(name="", connection=connection)
    assert shared(failed, failed)[0].endswith(" at [::1]:443")


def test_what_a_capture_wrote_into_a_name_stays_text(make):
    """A name with an escape sequence does not reach the terminal."""
    assert shared(make(name="\x1b[2Jx"), make(name="\x1b[2Jx"))[0].endswith(r" at \x1b[2Jx:443")


def ignoring(*fetches, klass):
    counted = Summary()
    counted.ignores = lambda one, _: one == klass
    for each in fetches:
        counted.add(each)
    return counted


def test_what_is_ignored_is_counted_and_no_more(make):
    """It is in the counts of classes and in a line of its own, in no finding."""
    counted = ignoring(make(), make(), make(verdict=Verdict("ok", "", "high")), klass="rst")
    assert counted.lines() == ["3 fetches: 1 ok, 2 rst", "2 of them ignored: 2 rst/rst-after-clienthello"]
    assert counted.counts()["ignored"] == {"rst/rst-after-clienthello": 2}
    assert counted.counts()["classes"] == {"rst": 2, "ok": 1}


def test_what_went_well_is_held_against_failures_even_when_it_is_ignored(make):
    """A finding needs it: one address fails, the others do not."""
    counted = ignoring(*[make(verdict=Verdict("ok", "", "high")) for _ in range(3)], klass="ok")
    assert sum(well for well, _ in counted.findings.counted.values()) == 3
    assert counted.lines() == ["3 fetches: 3 ok", "3 of them ignored: 3 ok"]


def test_a_connection_that_carried_no_fetch_is_not_ignored(make):
    """It is counted with its like: an attempt that lost a race may have a verdict too."""
    counted = ignoring(make(kind="race"), klass="rst")
    assert counted.lines() == [
        "0 fetches",
        "1 connection carried no fetch, 1 of them lost a race against another address",
    ]


def test_a_twin_is_not_ignored_twice(make):
    """What was captured on both sides of a NAT counts once."""
    twin = make()
    twin.verdict.flag("nat-twin")
    counted = ignoring(make(), twin, klass="rst")
    assert (counted.fetches, counted.twins, counted.ignored.total()) == (1, 1, 1)


@pytest.mark.parametrize(("before", "after"), [("rst", "tls-failure"), ("tls-failure", "rst"), ("rst", "ok")])
def test_a_row_that_turns_out_otherwise_is_counted_as_what_it_is(make, before, after):
    """Whether it was ignored before, or is now."""
    first, then = make(verdict=Verdict(before, "", "high")), make(verdict=Verdict(after, "", "high"))
    counted = ignoring(first, klass="rst")
    counted.tell(Event("amended", (1,), then, first))
    counts = counted.counts()
    assert counts["classes"] == {after: 1}
    assert counts["ignored"] == ({"rst": 1} if after == "rst" else {})
    assert sum(counted.shared.values()) == (after == "tls-failure")


def test_the_summary_says_what_each_cap_left_out(make, monkeypatch):
    """A reader of a capture with too much of something knows which line counts a part only."""
    monkeypatch.setattr(summary, "MAX_SHARED", 2)
    monkeypatch.setattr(findings, "MAX_PLACES", 3)
    monkeypatch.setattr(findings, "MAX_VALUES", 1)
    counted = Summary()
    for number in range(4):
        counted.add(make(name=f"host{number}.example", verdict=timed(f"timer {number}")))
    assert (
        counted.lines()[1:]
        == counted.counts()["caps"]
        == [
            "what 2 failures have in common is not known: there are more than 2 different ones",
            "what failures share by place is not looked at: there are more than 3 places",
            "the timers of 3 failures are not counted: there are more than 1 different ones",
        ]
    )


def timed(timer):
    verdict = Verdict("tls-stall", "tls-no-server-hello", "high")
    verdict.timers = (timer,)
    return verdict


def test_no_fetch_at_all_is_said():
    """An empty capture has a summary too."""
    assert Summary().lines() == ["0 fetches"]


def test_shared_findings_are_capped(make, monkeypatch):
    """A capture with a new name for every fetch does not fill the memory."""
    monkeypatch.setattr(summary, "MAX_SHARED", 10)
    counted = Summary()
    for number in range(50):
        counted.add(make(name=f"host{number}.example"))
    assert len(counted.shared) == 10
    assert counted.fetches == 50


def test_failures_that_a_retry_made_good_are_told(make):
    """A reader wants to know how many failures nobody had to suffer from, and which connections lost a race."""
    counted = Summary()
    for outcome in ("recovered", "recovered", "fallback", "failed", ""):
        counted.add(make(group_outcome=outcome))
    counted.add(make(kind="race"))
    counted.add(make(kind="probe"))
    lines = counted.lines()
    assert lines[1] == "of the failures, 2 recovered by a retry and 1 fell back to another GOPROXY entry"
    assert lines[-1] == "2 connections carried no fetch, 1 of them lost a race against another address"
