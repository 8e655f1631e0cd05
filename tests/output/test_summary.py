from analyzer.output import summary
from analyzer.output.summary import Summary


def test_the_count_line_starts_with_what_went_well(fetch, make):
    """ok first, then the failures in the order of the classes."""
    from analyzer.verdict.model import Verdict

    counted = Summary()
    for each in (fetch, make(verdict=Verdict("ok", "", "high")), make(kind="speculative")):
        counted.add(each)
    assert counted.lines() == ["2 fetches: 1 ok, 1 rst", "1 connection carried no fetch"]


def test_failures_that_share_verdict_and_place_are_one_finding(fetch):
    """Seven resets at one server are one thing to know."""
    counted = Summary()
    for _ in range(7):
        counted.add(fetch)
    assert counted.lines()[1] == "7 of them rst/rst-after-clienthello at example.org"


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
