import json

import pytest

from analyzer.verdict.model import Verdict

from .conftest import HOSTILE


def test_an_entry_has_what_gitlab_reads(make, write):
    """Description, check, fingerprint, severity, place."""
    (entry,) = json.loads(write("gitlab", make(), make(number=2)))
    assert entry == {
        "description": "2 fetches: rst/rst-after-clienthello at example.org:443: The server reset the connection 3 ms "
        "after the ClientHello for example.org, before any answer.",
        "check_name": "rst/rst-after-clienthello",
        "fingerprint": "36be25957351eb703acedbc9788e6d5b:1",
        "severity": "major",
        "location": {"path": "trace.pcap", "lines": {"begin": 1}},
    }


def test_fingerprints_are_unique(make, write):
    """GitLab shows the first of those that share one: failures without a name, at several servers, would be lost."""
    fetches = [make(name="", number=at) for at in (1, 2)]
    fetches[1].flow.server = b"\xcb\x00\x71\x51"
    entries = json.loads(write("gitlab", *fetches))
    marks = sorted(entry["fingerprint"] for entry in entries)
    assert [mark[-2:] for mark in marks] == [":1", ":2"]
    assert marks[0][:-2] == marks[1][:-2]


@pytest.mark.parametrize(
    ("outcome", "known", "severity"), [("", False, "major"), ("recovered", False, "minor"), ("", True, "info")]
)
def test_what_was_made_good_or_known_weighs_less(make, write, before, outcome, known, severity):
    """A failure is major; one that a retry made good minor; one that the baseline has an info."""
    baseline = before(make()) if known else None
    (entry,) = json.loads(write("gitlab", make(group_outcome=outcome), baseline=baseline))
    assert entry["severity"] == severity


def test_without_a_failure_the_list_is_empty(make, write):
    """GitLab takes that for a report in which nothing was found; what is incomplete is no failure."""
    assert json.loads(write("gitlab")) == []
    assert json.loads(write("gitlab", make(verdict=Verdict("incomplete", "", "low")))) == []


def test_controls_are_escaped(make, write):
    """Whatever a name holds, an entry is a line of printable characters."""
    text = write("gitlab", make(name=HOSTILE, file=HOSTILE))
    assert json.loads(text)
    assert all(line.isprintable() for line in text.splitlines())
    assert len(text.splitlines()) == 3
