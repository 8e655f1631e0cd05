"""Where rows are written, and in which format, by the name of the file alone."""

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.capture.compressed import zstd
from analyzer.cli.app import run
from analyzer.cli.formats import Format, format_of

SAMPLES = Path(__file__).parents[2] / "samples"
REFUSED = str(SAMPLES / "rst" / "curl-refused.pcap")


def unpacked(path):
    read = {".gz": gzip.decompress, ".zst": lambda data: zstd().ZstdFile(path).read()}
    return read.get(path.suffix, bytes)(path.read_bytes()).decode()


@pytest.mark.parametrize("packing", ["", ".gz", ".zst", ".GZ"])
@pytest.mark.parametrize(
    ("suffix", "form"),
    [
        (".csv", "csv"),
        (".tsv", "tsv"),
        (".txt", "table"),
        (".jsonl", "jsonl"),
        (".ndjson", "jsonl"),
        (".xml", "junit"),
        (".md", "markdown"),
        (".sarif", "sarif"),
        (".CSV", "csv"),
    ],
)
def test_the_name_of_the_file_says_the_format(capsys, tmp_path, suffix, form, packing):
    """The bytes are those of `--format`, compressed where the name says so."""
    path = tmp_path / f"rows{suffix}{packing}"
    assert run(["classify", "-q", "-o", str(path), REFUSED]) == 0
    assert capsys.readouterr().out == ""
    assert run(["classify", "-q", "--format", form, REFUSED]) == 0
    if packing == ".GZ":
        path = path.rename(path.with_suffix(".gz"))
    assert unpacked(path) == capsys.readouterr().out


def test_a_named_format_counts_more_than_the_name(capsys, tmp_path):
    """And the name then says only whether it is compressed."""
    path = tmp_path / "rows.txt.gz"
    assert run(["classify", "-q", "--format", "csv", "-o", str(path), REFUSED]) == 0
    assert unpacked(path).startswith("file,fetch,")


def test_compressed_rows_are_the_same_bytes_each_time(tmp_path):
    """No time and no name of a file is in them."""
    for name in ("a.csv.gz", "b.csv.gz"):
        assert run(["classify", "-q", "-o", str(tmp_path / name), REFUSED]) == 0
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("rows.cvs", "did you mean `.csv`?"),
        ("rows", "known endings: .csv, .jsonl, .log"),
        ("rows.gz", "known endings: .csv"),
        ("rows.json", "lines of JSON are `rows.jsonl`"),
        ("report.html", "`whyfetch report CAPTURE -o "),
        ("rows.parquet.zst", "rows.parquet`"),
    ],
)
@pytest.mark.parametrize("command", ["classify", "sniff"])
def test_a_name_that_says_no_format_is_refused(capsys, tmp_path, name, hint, command):
    """Rather than to write something that its reader does not expect; nothing is made."""
    arguments = [REFUSED] if command == "classify" else ["-i", "lo"]
    assert run([command, "-q", "-o", str(tmp_path / name), *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert hint in said
    assert list(tmp_path.iterdir()) == []


def test_a_minus_is_standard_output(capsys, monkeypatch, tmp_path):
    """As for input; no file of that name is made, nor written over."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-").write_text("mine")
    assert run(["classify", "-q", "--format", "csv", "-o", "-", REFUSED]) == 0
    assert capsys.readouterr().out.startswith("file,fetch,")
    assert (tmp_path / "-").read_text() == "mine"


def test_what_is_no_file_needs_no_suffix(tmp_path):
    """Devices and named pipes are written to as standard output is."""
    command = [sys.executable, "-c", "from analyzer.cli import main; main()", "-q", "-o", "/dev/stderr", REFUSED]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")
    assert "rst/rst-refused" in done.stderr


def test_rows_of_run_do_not_mix_with_what_its_command_prints(capsys):
    """Standard output is the command's own."""
    assert run(["run", "-o", "-", "--", "true"]) == 2
    assert "standard output belongs to COMMAND" in capsys.readouterr().err


@pytest.mark.parametrize("output", [None, Path("a.csv"), Path("a.txt.gz")])
@pytest.mark.parametrize("named", [None, Format.JSONL])
def test_a_format_is_a_plain_string(named, output):
    """Compiled code takes no subclass of `str`, and interpreted code would not show it."""
    assert type(format_of(named, output)) is str
