"""Short ways of calling: a capture without a command, and what is still told of a command that is misspelt."""

from pathlib import Path

import pytest

from analyzer.cli.app import run

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture
def whyfetch(capsys, monkeypatch):
    """Runs a command line in the folder of samples; gives status, stdout, stderr."""
    monkeypatch.chdir(SAMPLES)

    def call(*arguments):
        status = run(list(arguments))
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.mark.parametrize(
    "arguments",
    [
        ["rst/curl-refused.pcap"],
        ["rst"],
        ["rst/curl-ref*"],
        ["rst/curl-refused.pcap", "ok", "--format", "csv", "-q"],
        ["--debug", "rst/curl-refused.pcap", "-q"],
    ],
)
def test_a_capture_in_place_of_a_command_is_classified(whyfetch, arguments):
    """A file, a directory, a glob, with what options there are."""
    at = 1 if arguments[0] == "--debug" else 0
    assert whyfetch(*arguments) == whyfetch(*arguments[:at], "classify", *arguments[at:])


@pytest.mark.parametrize(
    ("word", "error"),
    [
        ("nothere.pcap", "cannot read `nothere.pcap`: no such file"),
        ("rst/none*", "cannot read `rst/none*`: nothing matches"),
        ("clasify", "no such command `clasify`\n\nhint: did you mean `classify`?"),
        ("Show", "no such command `Show`\n\nhint: did you mean `show`?"),
        ("--quite", "no option is called `--quite`"),
    ],
)
def test_what_is_neither_a_command_nor_there_is_told_as_what_it_looks_like(whyfetch, word, error):
    """A path that is missing is a missing file, a word a misspelt command."""
    status, out, err = whyfetch(word)
    assert (status, out) == (2, "")
    assert err.startswith(f"error: {error}")


def test_a_file_called_like_a_command_does_not_hide_it(whyfetch, monkeypatch, tmp_path):
    """With `./` before its name it is the file."""
    (tmp_path / "signatures").write_bytes((SAMPLES / "rst/curl-refused.pcap").read_bytes())
    monkeypatch.chdir(tmp_path)
    assert "rst-refused" in whyfetch("./signatures", "-q")[1]
    assert "tls-no-server-hello" in whyfetch("signatures")[1]
