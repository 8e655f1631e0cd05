import re
import tracemalloc

import pytest

from analyzer.output.ci import gathered, github, markdown
from analyzer.verdict.model import Verdict

from .conftest import HOSTILE

MIB = 1 << 20


def commands(text):
    """Kind, title and message, as the runner reads lines (actions/runner, ActionCommand.cs); nothing else is there."""
    found = []
    for line in text.split("\n")[:-1]:
        info, data = re.fullmatch(r"::(.*?)::(.*)", line).groups()
        kind, _, properties = info.partition(" ")
        named = dict(pair.split("=", 1) for pair in properties.split(","))
        assert list(named) == ["title"]
        title = undone(named["title"], {":": "%3A", ",": "%2C"})
        found.append((kind, title, undone(data, {})))
    return found


def undone(text, more):
    for token, escape in {"\r": "%0D", "\n": "%0A", **more, "%": "%25"}.items():
        text = text.replace(escape, token)
    return text


@pytest.fixture(autouse=True)
def summary(tmp_path, monkeypatch):
    """The file for the summary, as the runner names it."""
    path = tmp_path / "step_summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    return path


def test_a_kind_of_failure_is_an_annotation(make, write, summary):
    """With its sentence, advice, and how to see it; the page goes to the summary of the step."""
    (only,) = commands(write("github", make(), make(number=2)))
    kind, title, message = only
    assert (kind, title) == ("error", "2 fetches: rst/rst-after-clienthello at example.org:443")
    first, advice, _, show = message.split("\n")
    assert first.startswith("The server reset the connection 3 ms after")
    assert advice == "Compare the TTLs"
    assert show == "whyfetch show trace.pcap 1"
    assert summary.read_text(encoding="utf-8").startswith("## whyfetch: 2 of 2 fetches failed\n")


def test_what_a_retry_made_good_is_a_warning_and_what_is_known_a_notice(make, write, before):
    """An error is what is new and stayed."""
    cut = Verdict("incomplete", "", "low")
    fetches = [make(), make(name="new.example"), make(name="mended.example", group_outcome="recovered")]
    found = commands(
        write(
            "github",
            *fetches,
            make(verdict=cut, name="cut.example"),
            baseline=before(make(), make(name="gone.example")),
        )
    )
    assert sorted((kind, title) for kind, title, _ in found) == [
        ("error", "1 fetch: rst/rst-after-clienthello at new.example:443"),
        ("notice", "1 fetch: incomplete at cut.example:443"),
        ("notice", "1 fetch: rst/rst-after-clienthello at example.org:443"),
        ("notice", "fixed: rst/rst-after-clienthello at gone.example:443"),
        ("warning", "1 fetch: rst/rst-after-clienthello at mended.example:443"),
    ]


def test_without_a_failure_a_notice_says_so(make, write):
    """And what was there when there was no fetch."""
    assert commands(write("github", make(verdict=Verdict("ok", "", "high")))) == [
        ("notice", "whyfetch", "1 fetch, none failed")
    ]
    assert commands(write("github", seen=lambda: "7 packets")) == [("notice", "whyfetch", "no fetch: 7 packets")]


def test_nothing_of_a_packet_is_a_command(make, write):
    """Whatever name, sentence and file say, each line is one command with one property."""
    verdict = Verdict("http-failure", "http-status-503", "high")
    verdict.summary = verdict.advice = HOSTILE
    found = commands(write("github", make(verdict=verdict, name=HOSTILE, file=HOSTILE)))
    assert len(found) == 1
    assert "::error::\\x0d\\x0a##[error]\\x1b[31m\\u202e" in found[0][2]
    assert "%0A" in found[0][1]


def test_ten_of_a_kind_are_shown(make, write):
    """The tenth says how many more there are, and where."""
    found = commands(write("github", *[make(name=f"{at}.example", number=at) for at in range(1, 31)]))
    assert len(found) == 10
    assert found[-1] == ("error", "and 21 groups more", "They are listed in the summary of this step.")


def test_without_a_file_for_the_summary_there_is_none(make, write, monkeypatch):
    """Outside of GitHub nothing is written, and nothing promised."""
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    found = commands(write("github", *[make(name=f"{at}.example", number=at) for at in range(1, 31)]))
    assert found[-1][2] == "They are listed by `whyfetch classify`."


def test_a_summary_that_cannot_be_written_is_a_warning(make, write, monkeypatch, tmp_path):
    """The annotations come in any case."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    assert [kind for kind, *_ in commands(write("github", make()))] == ["error"]


def test_what_the_step_has_written_before_counts(make, write, summary):
    """Together they stay below what the runner takes."""
    summary.write_text("x" * 880_000, encoding="utf-8")
    write("github", *[make(name=f"{at}.example", number=at) for at in range(1, 31)])
    assert 880_000 < summary.stat().st_size <= markdown.MAX_BYTES
    summary.write_text("x" * 899_900, encoding="utf-8")
    found = commands(write("github", *[make(name=f"{at}.example", number=at) for at in range(1, 31)]))
    assert summary.stat().st_size == 899_900
    assert found[-1][2] == "They are listed by `whyfetch classify`."


def test_limits_hold_with_a_hundred_thousand_failures(make, write, summary):
    """Ten annotations of a kind, less than 1 MiB of summary; memory is that of the groups that are kept."""
    fetch = make()

    def many():
        for at in range(100_000):
            fetch.number, fetch.name = at + 1, f"{at % 20_000}.{'x' * 60}.example"
            yield fetch

    tracemalloc.start()
    try:
        text = write("github", stream=many())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(commands(text)) == github.MOST
    assert MIB / 2 < summary.stat().st_size < MIB
    assert "fetches more did not go well: there was no room for them" in summary.read_text(encoding="utf-8")
    assert peak < 10_000 * gathered.MAX_GROUPS
