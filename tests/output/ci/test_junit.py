from pathlib import Path

import pytest
from lxml import etree

from analyzer.verdict.model import Verdict

from .conftest import HOSTILE

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parent / "junit.xsd"))


def parsed(text):
    """The root, once it is valid."""
    root = etree.fromstring(text.encode())
    SCHEMA.assertValid(root)
    return root


def good(make, **changes):
    return make(verdict=Verdict("ok", "", "high"), **changes)


def test_a_suite_a_capture_and_a_test_a_kind_of_failure(make, write):
    """Fetches that fail alike are one test; the suite counts tests, its properties fetches."""
    fetches = [make(number=1), make(number=2), make(number=3, name="other.example"), make(file="second.pcap")]
    suites = parsed(write("junit", *fetches, captures=("trace.pcap", "second.pcap"))).findall("testsuite")
    assert [(suite.get("name"), suite.get("tests"), suite.get("failures")) for suite in suites] == [
        ("trace.pcap", "2", "2"),
        ("second.pcap", "1", "1"),
    ]
    test = suites[0].find("testcase")
    assert (test.get("classname"), test.get("name")) == ("rst/rst-after-clienthello", "example.org:443 (tls)")
    failure = test.find("failure")
    assert failure.get("type") == "rst/rst-after-clienthello"
    assert failure.get("message").startswith("2 fetches: The server reset the connection 3 ms after")
    assert "packets: 4:client-hello 5:rst" in failure.text
    assert "whyfetch show trace.pcap 1" in failure.text
    assert suites[0].find("properties/property[@name='fetches']").get("value") == "3"


def test_what_went_well_is_a_test_a_place(make, write):
    """Not one a fetch: a report of a hundred thousand lines helps nobody."""
    root = parsed(write("junit", *[good(make, number=at) for at in range(1, 4)], good(make, name="other.example")))
    assert [(one.get("classname"), one.get("name"), len(one)) for one in root.iter("testcase")] == [
        ("ok", "example.org:443", 0),
        ("ok", "other.example:443", 0),
    ]


def test_what_is_known_or_cannot_be_told_fails_nothing(make, write, before):
    """It is skipped, with its sentence; what is fixed passes."""
    cut = Verdict("incomplete", "", "low")
    cut.summary = "The capture begins too late."
    baseline = before(make(), make(name="gone.example"))
    root = parsed(
        write("junit", make(), make(name="new.example"), make(verdict=cut, name="cut.example"), baseline=baseline)
    )
    found = {one.get("name"): [child.tag for child in one] for one in root.iter("testcase")}
    assert found == {
        "new.example:443 (tls)": ["failure"],
        "example.org:443 (tls)": ["skipped"],
        "cut.example:443 (tls)": ["skipped"],
        "rst/rst-after-clienthello at gone.example:443": [],
    }
    suite = root.find("testsuite")
    assert [suite.get(name) for name in ("tests", "failures", "skipped")] == ["4", "1", "2"]


def test_a_capture_without_a_fetch_is_a_suite_that_says_what_was_there(write):
    """No empty suite, which readers take for an error, and no test that passed."""
    root = parsed(write("junit", seen=lambda: "12 packets, 0 TCP packets, 0 connections"))
    skipped = root.find("testsuite/testcase/skipped")
    assert skipped.get("message") == "no fetch: 12 packets, 0 TCP packets, 0 connections"


def test_a_live_capture_without_a_fetch_is_a_suite_too(write):
    """Of an interface nobody knows a name before its first fetch."""
    (suite,) = parsed(write("junit", captures=()))
    assert (suite.get("name"), suite.get("skipped")) == ("live capture", "1")


def test_nothing_of_a_packet_is_markup(make, write):
    """In names, sentences and file names; what XML cannot hold is shown escaped."""
    verdict = Verdict("http-failure", "http-status-503", "high")
    verdict.summary = HOSTILE
    text = write("junit", make(verdict=verdict, name=HOSTILE, file=HOSTILE), captures=(HOSTILE,), warnings=(HOSTILE,))
    root = parsed(text)
    assert {element.tag for element in root.iter()} == {
        "testsuites", "testsuite", "properties", "property", "testcase", "failure", "system-out", "system-err",
    }  # fmt: skip
    assert all(character.isprintable() or character == "\n" for character in text)
    assert "<img src=x onerror=alert(1)>" in root.find("testsuite").get("name")


def test_a_common_reader_reads_it(make, write, tmp_path):
    """junitparser, which sums up what it finds, comes to the same counts."""
    junitparser = pytest.importorskip("junitparser", reason="needs junitparser: pip install junitparser")
    path = tmp_path / "report.xml"
    path.write_text(write("junit", make(), good(make, name="fine.example")), encoding="utf-8")
    (suite,) = junitparser.JUnitXml.fromfile(str(path))
    assert (suite.tests, suite.failures, suite.skipped, suite.errors) == (2, 1, 0, 0)
    assert [case.is_passed for case in suite] == [False, True]


def test_kinds_beyond_the_cap_are_counted(make, write, monkeypatch):
    """The report says how many had no room."""
    from analyzer.output.ci import gathered

    monkeypatch.setattr(gathered, "MAX_GROUPS", 3)
    monkeypatch.setattr(gathered, "MAX_PLACES", 2)
    fetches = [make(name=f"{at}.example", number=at) for at in range(1, 8)]
    fetches += [good(make, name=f"well{at}.example") for at in range(5)]
    root = parsed(write("junit", *fetches))
    messages = [one.get("message") for one in root.iter("skipped")]
    assert messages == ["4 fetches more than there is room for"]
    names = [one.get("name") for one in root.iter("testcase") if one.get("classname") == "ok"]
    assert names == ["other places", "well0.example:443", "well1.example:443"]
