import json

import pytest

from analyzer.output.ci.fingerprint import fingerprint
from analyzer.output.columns import COLUMNS
from analyzer.output.row import values


def row(fetch):
    return dict(zip(COLUMNS, values(fetch), strict=True))


SAME = {
    "start": "2030-01-01T00:00:00.000000000Z",
    "fetch": 77,
    "file": "another.pcap",
    "client": "192.0.2.99",
    "client_port": 51234,
    "server": "198.51.100.99",
    "tcp_stream": 12,
    "duration_s": 9.0,
    "summary": "Said otherwise.",
    "evidence": "9:rst",
    "confidence": "low",
    "name": "EXAMPLE.org.",
}
OTHER = {"class": "tls-failure", "cause": "rst-refused", "name": "example.net", "server_port": 8443, "phase": "connect"}


@pytest.mark.parametrize("column", SAME)
def test_what_changes_from_run_to_run_does_not_count(fetch, column):
    """Time, places in the capture, the client's end, the server's address, and the case of a name."""
    assert fingerprint({**row(fetch), column: SAME[column]}) == fingerprint(row(fetch))


@pytest.mark.parametrize("column", OTHER)
def test_what_makes_another_failure_does(fetch, column):
    """Class, cause, name, server port, phase."""
    assert fingerprint({**row(fetch), column: OTHER[column]}) != fingerprint(row(fetch))


def test_a_row_read_back_has_the_same(fetch):
    """Through JSON, where a number stays one and what is unknown is null."""
    assert fingerprint(json.loads(json.dumps(row(fetch)))) == fingerprint(row(fetch))
    assert fingerprint({**row(fetch), "name": None}) == fingerprint({**row(fetch), "name": ""})


def test_it_is_the_same_in_every_version(fetch):
    """It is kept by others (GitHub's alerts, GitLab's findings): a change here closes and opens all of them."""
    assert fingerprint(row(fetch)) == "36be25957351eb703acedbc9788e6d5b"
