import io
import json

from analyzer.output.columns import COLUMNS
from analyzer.output.jsonl import JsonlWriter
from analyzer.output.summary import Summary


def lines(*fetches):
    out, summary = io.StringIO(), Summary()
    writer = JsonlWriter(out)
    writer.begin()
    for fetch in fetches:
        summary.add(fetch)
        writer.fetch(fetch)
    writer.end(summary)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_lines_are_typed_and_versioned(fetch):
    """begin, fetch, summary; each says which schema it follows."""
    found = lines(fetch)
    assert [line["type"] for line in found] == ["begin", "fetch", "summary"]
    assert {line["schema"] for line in found} == {1}


def test_a_fetch_has_the_fields_of_the_csv(fetch):
    """Same names in the same order; unknown is null, words are a list."""
    line = lines(fetch)[1]
    assert tuple(line)[2:] == COLUMNS
    assert line["status"] is None
    assert line["cert_subject"] is None
    assert line["flags"] == ["late"]
    assert line["duration_s"] == 0.024


def test_evidence_is_a_list_of_objects(fetch):
    """Packet, instant, what it is, who sent it."""
    assert lines(fetch)[1]["evidence"][1] == {
        "packet": 5,
        "time": "2023-11-14T22:13:20.003000000Z",
        "what": "rst",
        "side": "server",
    }


def test_the_summary_counts(fetch, make):
    """Classes in their order, causes by name, connections that carried no fetch apart."""
    line = lines(fetch, fetch, make(kind="probe"))[-1]
    assert (line["fetches"], line["connections_without_fetch"]) == (2, 1)
    assert line["classes"] == {"rst": 2}
    assert line["causes"] == {"rst/rst-after-clienthello": 2}


def test_text_from_packets_is_escaped(make):
    """jq -r cannot bring a terminal sequence back to life."""
    assert lines(make(name="\x1b[2J"))[1]["name"] == "\\x1b[2J"
