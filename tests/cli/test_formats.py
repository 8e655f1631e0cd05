"""Where rows go, and in which format: the names of files, and standard output."""

import gzip
import json
from pathlib import Path

import pytest

from analyzer.capture.compressed import zstd
from analyzer.cli.app import run
from analyzer.errors import ExitStatus

ROOT = Path(__file__).parents[2]
SAMPLE = str(ROOT / "samples" / "rst" / "curl-refused.pcap")


def written(name: str, tmp_path: Path) -> bytes:
    """What `classify -o` writes under this name."""
    assert run(["classify", "-q", "-o", str(tmp_path / name), SAMPLE]) == ExitStatus.OK
    return (tmp_path / name).read_bytes()


def test_the_name_tells_the_format(tmp_path):
    """Every known suffix gives its own format."""
    assert written("a.csv", tmp_path).startswith(b"file,fetch,class,")
    assert written("a.tsv", tmp_path).startswith(b"file\tfetch\tstart")
    assert json.loads(written("a.jsonl", tmp_path).splitlines()[0])["type"] == "begin"
    assert written("a.txt", tmp_path).split()[:4] == [b"#", b"time", b"server", b"verdict"]
    assert written("a.xml", tmp_path).startswith(b"<?xml")
    assert json.loads(written("a.sarif", tmp_path))["version"] == "2.1.0"


def test_compressed_rows_are_the_same(tmp_path):
    """`.gz` and `.zst` behind the suffix compress."""
    plain = written("a.csv", tmp_path)
    assert gzip.decompress(written("b.csv.gz", tmp_path)) == plain
    assert zstd().decompress(written("c.csv.zst", tmp_path)) == plain


@pytest.mark.parametrize("name", ["a.json", "a.foo", "a.foo.gz", "a.html", "a.parquet.gz"])
def test_an_unknown_name_is_refused(tmp_path, name, capsys):
    """Nothing is written in a format that nobody asked for."""
    assert run(["classify", "-o", str(tmp_path / name), SAMPLE]) == ExitStatus.USAGE
    assert not (tmp_path / name).exists()
    said = capsys.readouterr().err
    assert ("whyfetch report" in said) == (name == "a.html")


def test_what_is_said_holds_over_the_name(tmp_path):
    """`--format` decides, whatever the file is called."""
    assert run(["classify", "-q", "--format", "csv", "-o", str(tmp_path / "a.foo"), SAMPLE]) == ExitStatus.OK


def test_standard_output_is_called_minus(capfd):
    """`-o -` is what no `-o` is."""
    assert run(["classify", "-q", "--format", "csv", "-o", "-", SAMPLE]) == ExitStatus.OK
    assert capfd.readouterr().out.startswith("file,fetch,")
