import gzip
import json

import pytest
from jsonschema import Draft7Validator
from support.schemas import SARIF, schema

from analyzer.output.ci import sarif
from analyzer.verdict.causes import TABLE
from analyzer.verdict.model import Verdict

from .conftest import HOSTILE


@pytest.fixture(scope="module")
def validator():
    return Draft7Validator(schema(SARIF), format_checker=Draft7Validator.FORMAT_CHECKER)


@pytest.fixture
def run(write, validator):
    """The one run of what is written, once it is valid."""

    def parsed(*fetches, **options):
        log = json.loads(write("sarif", *fetches, **options))
        assert [error.message for error in validator.iter_errors(log)] == []
        (only,) = log["runs"]
        return only

    return parsed


def test_rules_are_signatures_and_results_are_kinds_of_failures(make, run):
    """A result has the capture as its place, how often it occurred, and a rule with help in Markdown."""
    found = run(make(), make(number=2), make(name="other.example", number=3))
    (rule,) = found["tool"]["driver"]["rules"]
    assert rule["id"] == "rst-after-clienthello"
    assert "**Wireshark**: `" in rule["help"]["markdown"]
    first, second = found["results"]
    assert (first["ruleId"], first["ruleIndex"], first["level"], first["occurrenceCount"]) == (
        rule["id"],
        0,
        "error",
        2,
    )
    assert first["message"]["text"].startswith("2 fetches: rst/rst-after-clienthello at example.org:443: The server")
    place = first["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "trace.pcap"}, "region": {"startLine": 1}}
    assert first["properties"]["show"] == "whyfetch show trace.pcap 1"
    marks = [one["partialFingerprints"]["primaryLocationLineHash"] for one in (first, second)]
    assert marks[0] == "36be25957351eb703acedbc9788e6d5b:1"
    assert marks[0] != marks[1]


def test_every_cause_makes_a_valid_rule(make, run):
    """Families have a rule for each member; one that is not documented has its class."""
    verdicts = [Verdict(cause.klass, cause.id, "high") for cause in TABLE]
    verdicts += [
        Verdict("http-failure", "http-status-599", "high"),
        Verdict("http-failure", "http2-goaway-4711", "high"),
    ]
    found = run(*[make(verdict=verdict, number=at) for at, verdict in enumerate(verdicts, 1)])
    ids = [rule["id"] for rule in found["tool"]["driver"]["rules"]]
    assert len(ids) == len(set(ids))
    assert {"http-status-599", "rst-refused"} <= set(ids)
    assert all(found["tool"]["driver"]["rules"][one["ruleIndex"]]["id"] == one["ruleId"] for one in found["results"])


def test_the_baseline_is_told(make, run, before):
    """In the words of SARIF; what is fixed is a note, as GitHub would open an alert for it."""
    found = run(make(), make(name="new.example"), baseline=before(make(), make(name="gone.example")))
    assert [one["baselineState"] for one in found["results"]] == ["new", "unchanged"]
    notes = [note["message"]["text"] for note in found["invocations"][0]["toolExecutionNotifications"]]
    assert "fixed: rst/rst-after-clienthello at gone.example:443" in notes


def test_a_capture_without_a_fetch_says_what_was_there(run):
    """No result, and a note."""
    found = run(seen=lambda: "3 packets, 3 TCP packets, 1 connection")
    assert found["results"] == []
    notes = found["invocations"][0]["toolExecutionNotifications"]
    assert notes == [{"level": "note", "message": {"text": "no fetch: 3 packets, 3 TCP packets, 1 connection"}}]


def test_nothing_of_a_packet_is_a_link_or_a_placeholder(make, run):
    """Brackets and braces are escaped as SARIF 3.11 asks; controls as everywhere."""
    verdict = Verdict("http-failure", "http-status-503", "high")
    verdict.summary = HOSTILE + "{0}"
    found = run(make(verdict=verdict, name=HOSTILE, file=HOSTILE), captures=(HOSTILE,), warnings=(HOSTILE,))
    (result,) = found["results"]
    text = result["message"]["text"]
    assert "\\[x\\](http" in text
    assert text.endswith("{{0}}")
    assert text.isprintable()
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert set(uri) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789%/-._~")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("traces/a b.pcap", "traces/a%20b.pcap"),
        ("./x.pcap", "x.pcap"),
        ("C:x.pcap", "C%3Ax.pcap"),
        ("/elsewhere/x.pcap", "file:///elsewhere/x.pcap"),
        ("-", "-"),
    ],
)
def test_a_capture_is_a_uri(name, expected):
    """Relative to where the command runs, if it is below; GitHub resolves it against the repository."""
    assert sarif.uri(name) == expected


def test_a_capture_below_the_working_directory_is_relative(tmp_path, monkeypatch):
    """Also when it was named in full."""
    monkeypatch.chdir(tmp_path)
    assert sarif.uri(str(tmp_path / "a" / "x.pcap")) == "a/x.pcap"


def test_limits_of_code_scanning_hold(make, write, validator):
    """5,000 results, 10 MB compressed; what is left out is said. Names are as long as DNS allows."""
    label = "x" * 60
    names = [f"{at:06x}.{label}.{label}.{label}.example" for at in range(8_000)]
    text = write("sarif", *[make(name=name, number=at) for at, name in enumerate(names, 1)])
    log = json.loads(text)
    assert next(validator.iter_errors(log), None) is None
    assert len(log["runs"]) == 1
    results = log["runs"][0]["results"]
    assert len(results) == sarif.MAX_RESULTS
    assert len(gzip.compress(text.encode())) < 10_000_000
    notes = [note["message"]["text"] for note in log["runs"][0]["invocations"][0]["toolExecutionNotifications"]]
    assert "3,000 kinds of failures more: GitHub shows 5,000" in notes


def test_the_size_holds_for_what_does_not_compress(make, run, monkeypatch):
    """Results are counted in bytes before compression, which cannot make them larger."""
    monkeypatch.setattr(sarif, "MAX_BYTES", 5_000)
    found = run(*[make(name=f"{at}.example", number=at) for at in range(1, 30)])
    assert sum(len(json.dumps(one).encode()) for one in found["results"]) <= 5_000
    assert 1 < len(found["results"]) < 29
