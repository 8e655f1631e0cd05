import json
import os
import shutil
from pathlib import Path

import pytest

from analyzer.cli.app import run

ROOT = Path(__file__).parent.parent.parent
FORMATS = ("github", "gitlab", "junit", "markdown", "sarif")
SAMPLE = "samples/rst/curl-refused.pcap"


@pytest.fixture(autouse=True)
def here(monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


@pytest.fixture
def nothing(tmp_path):
    """A capture without a packet."""
    path = tmp_path / "nothing.pcap"
    path.write_bytes((ROOT / SAMPLE).read_bytes()[:24])
    return str(path)


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_written_is_only_the_format(form, capsys, tmp_path):
    """Standard output, or the file, holds it and nothing else; the summary goes to standard error."""
    assert run(["classify", "--format", form, SAMPLE]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(
        {"github": "::error ", "gitlab": "[", "junit": "<?xml", "markdown": "## ", "sarif": "{"}[form]
    )
    assert err.startswith("1 fetch: 1 rst\n")
    assert run(["classify", "--format", form, "-o", str(tmp_path / "x"), SAMPLE]) == 0
    assert (tmp_path / "x").read_text(encoding="utf-8") == out


@pytest.mark.parametrize("form", FORMATS)
def test_a_capture_without_a_fetch_says_what_was_there(form, nothing, capsys):
    """Each in its way; GitLab's list has no place for it, and is empty."""
    assert run(["classify", "-q", "--format", form, nothing]) == 0
    out = capsys.readouterr().out
    assert json.loads(out) == [] if form == "gitlab" else "no fetch: 0 packets, 0 TCP packets, 0 connections" in out


@pytest.mark.parametrize("form", FORMATS)
def test_a_damaged_capture_is_told_in_full(form, tmp_path, capsys):
    """What could be read is written, and the status says that it is partial."""
    whole = (ROOT / SAMPLE).read_bytes()
    damaged = tmp_path / "damaged.pcap"
    damaged.write_bytes(whole[:-5] + b"\xff" * 200)
    assert run(["classify", "--format", form, SAMPLE, str(damaged)]) == 3
    out, err = capsys.readouterr()
    assert "warning: " in err
    assert "rst-refused" in out
    if form in ("junit", "markdown", "sarif"):
        assert "damaged.pcap" in out


@pytest.mark.parametrize("form", FORMATS)
def test_a_place_that_cannot_be_written_is_an_error(form, tmp_path, capsys):
    """With its name; and what is there is not written over unasked."""
    assert run(["classify", "--format", form, "-o", str(tmp_path / "no" / "x"), SAMPLE]) == 2
    assert f"cannot write `{tmp_path}/no/x`: no such file or directory" in capsys.readouterr().err
    (tmp_path / "there").write_text("mine")
    assert run(["classify", "--format", form, "-o", str(tmp_path / "there"), SAMPLE]) == 2
    assert (tmp_path / "there").read_text() == "mine"


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_readable_leaves_nothing_behind(form, tmp_path, capsys):
    """An empty report would look like a run without failures."""
    assert run(["classify", "--format", form, "-o", str(tmp_path / "x"), str(tmp_path / "missing.pcap")]) == 2
    assert not (tmp_path / "x").exists()


def test_only_files_can_be_shown_again(capsys):
    """Of a stream no command is named that could not work."""
    with (ROOT / SAMPLE).open("rb") as stream:
        saved = os.dup(0)
        os.dup2(stream.fileno(), 0)
        try:
            assert run(["classify", "-q", "--format", "markdown", "-"]) == 0
        finally:
            os.dup2(saved, 0)
            os.close(saved)
    out = capsys.readouterr().out
    assert "rst-refused" in out
    assert "whyfetch show" not in out


def test_a_set_of_files_is_one_capture(tmp_path, capsys):
    """With the name that rows have for it."""
    first, second = tmp_path / "trace_00001_20261123001029.pcap", tmp_path / "trace_00002_20261123001031.pcap"
    shutil.copy(SAMPLE, first)
    shutil.copy("samples/rst/curl-refused-after-lost-syns.pcap", second)
    assert run(["classify", "-q", "--format", "junit", str(first), str(second)]) == 0
    out = capsys.readouterr().out
    assert out.count("<testsuite ") == 1
    assert "(+1)" in out


def test_selection_applies(capsys):
    """What is not selected is in no report."""
    assert run(["classify", "-q", "--format", "gitlab", "--select", "http-failure", "samples/rst"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert run(["classify", "-q", "--format", "gitlab", "--select", "rst/rst-refused", "samples/rst"]) == 0
    assert {one["check_name"] for one in json.loads(capsys.readouterr().out)} == {"rst/rst-refused"}


def test_the_same_capture_gives_the_same_bytes(capsys):
    """No time, no order that depends on hashes."""
    outputs = []
    for _ in range(2):
        for form in FORMATS:
            run(["classify", "-q", "--format", form, "samples/rst"])
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]
