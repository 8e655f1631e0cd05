"""In a job of GitHub Actions no word of a packet, of a client's log or of a file's name is a command to the runner."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from support.planted import conversation

from analyzer.cli.workflow import harmless, tamed
from analyzer.pkt.build import pcap
from analyzer.pkt.timeline import parse

PLANTED = ("::error file=a.go,line=1::pwned", "##[error]pwned", "::set-output name=x::pwned", "::stop-commands::pwned")


def obeyed(text: str) -> list[str]:
    """The lines that the runner takes for commands: TryParseV2 and TryParse of actions/runner, ActionCommand.cs."""
    found = []
    for line in re.split(r"\r\n|\r|\n", text):
        said = line.strip()
        name = said[2:].partition("::")[0].partition(" ")[0] if said.startswith("::") and "::" in said[2:] else ""
        if re.fullmatch(r"[A-Za-z-]+", name) or re.search(r"##\[[^\]]*\]", line):
            found.append(line)
    return found


def ran(arguments: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "CI": "true", **variables}
    command = [sys.executable, "-m", "whyfetch", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def conversations(word: str) -> str:
    """Fetches that fail, with the word as target, host, reason and name."""
    path = word.replace(" ", "%20")
    request = f"GET {path} HTTP/1.1\r\nHost: {word}\r\n\r\n".encode()
    other = f"GET /{path} HTTP/1.1\r\nHost: a.example\r\n\r\n".encode()
    answer = f"HTTP/1.1 500 {word}\r\nServer: {word}\r\nContent-Length: 0\r\n\r\n".encode()
    return conversation((">", request), ("<", answer), (">", other), ("<", answer))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A capture for each planted word, named by it, and a client's log with lines that fit its fetches."""
    lines = []
    for at, word in enumerate(PLANTED):
        (tmp_path / f"{word.replace('/', '')}.pcap").write_bytes(pcap(parse(conversations(word))))
        lines.append(
            f"curl: (22) The requested URL returned error: 500 {word} http://a.example/{word.replace(' ', '%20')}"
        )
        lines.append(f"{word} npm error 500 http://a.example/{word.replace(' ', '%20')} {'x' * 60 * at} {word}")
    (tmp_path / "build.log").write_text("\n".join(lines) + "\n")
    return tmp_path


FORMS = {
    "table": [],
    "log": ["--format", "table", "--client-log", "build.log"],
    "tsv": ["--format", "tsv"],
    "groups": ["--group-by", "name,target"],
    "groups of tabs": ["--group-by", "target", "--format", "tsv"],
    "statistics": ["--stats", "--group-by", "name"],
    "all": ["--all", "--show-queries"],
    "markdown": ["--format", "markdown"],
}


@pytest.mark.parametrize("columns", ["", "20", "40", "80"])
@pytest.mark.parametrize("form", FORMS)
def test_rows_are_no_commands(form: str, columns: str, folder: Path) -> None:
    """Whatever is written for people, as wide or narrow as it is; the words are still to be read."""
    names = sorted(path.name for path in folder.glob("*.pcap"))
    done = ran(
        ["classify", *FORMS[form], *(f"./{name}" for name in names)], folder, GITHUB_ACTIONS="true", COLUMNS=columns
    )
    assert done.returncode == 0
    assert obeyed(done.stdout) == obeyed(done.stderr) == []
    assert "pwned" in done.stdout
    if columns in ("", "80") and "stat" not in form:
        assert r"#\x23[error]pwned" in done.stdout


def test_names_of_files_are_no_commands(folder: Path) -> None:
    """They stand at the beginning of a line of their own, and in errors."""
    names = sorted(path.name for path in folder.glob("*.pcap"))
    done = ran(["classify", *names, "::error::none.pcap"], folder, GITHUB_ACTIONS="true")
    assert obeyed(done.stdout) == obeyed(done.stderr) == []
    assert r":\x3aerror file=a.go,line=1::pwned.pcap" in done.stdout
    (folder / "a.pkt").write_text("0.0 > S 0:0(0)\n##[error]pwned\n")
    done = ran(["classify", "a.pkt"], folder, GITHUB_ACTIONS="true")
    assert r"line 2: unknown setting `#\x23[error]pwned`" in done.stderr


@pytest.mark.parametrize("at", range(len(PLANTED)))
def test_show_and_what_is_asked_back(at: int, folder: Path) -> None:
    """One fetch, packet by packet, and the list of those that may be meant, on standard error."""
    name = f"./{PLANTED[at].replace('/', '')}.pcap"
    done = ran(["show", name, "2", "--client-log", "build.log"], folder, GITHUB_ACTIONS="true")
    assert done.returncode == 0
    assert "pwned" in done.stdout
    assert obeyed(done.stdout) == obeyed(done.stderr) == []
    done = ran(["show", name], folder, GITHUB_ACTIONS="true", COLUMNS="40")
    assert "pwned" in done.stderr
    assert obeyed(done.stdout) == obeyed(done.stderr) == []


def test_elsewhere_words_stay_as_they_are(folder: Path) -> None:
    """Outside of such a job nothing is changed, and in one what is for programs is not: CSV, JSON, commands."""
    name = f"./{PLANTED[1].replace('/', '')}.pcap"
    environment = {"GITHUB_ACTIONS": ""}
    assert "##[error]pwned" in ran(["classify", name], folder, **environment).stdout
    for form in ("csv", "jsonl"):
        inside = ran(["classify", "--format", form, name], folder, GITHUB_ACTIONS="true").stdout
        assert inside == ran(["classify", "--format", form, name], folder, **environment).stdout
    github = ran(["classify", "--format", "github", name], folder, GITHUB_ACTIONS="true").stdout
    assert github.startswith(("::error", "::warning", "::notice"))
    assert all(line.strip().startswith("::") for line in obeyed(github))


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("::error::x", r":\x3aerror::x"),
        ("  \t::Error file=a::x", "  \t:\\x3aError file=a::x"),
        ("\u00a0::add-mask::x", "\u00a0:\\x3aadd-mask::x"),
        ("a ::error::x", "a ::error::x"),
        ("::error:x", "::error:x"),
        ("::1 is not fe80::2", "::1 is not fe80::2"),
        ("[::1]:443 ::x::", "[::1]:443 ::x::"),
        ("a ##[group]b ##[x] ##c", r"a #\x23[group]b #\x23[x] ##c"),
        ("###[error]", r"##\x23[error]"),
    ],
)
def test_only_what_would_be_obeyed_is_changed(line: str, shown: str) -> None:
    """One character, visibly."""
    assert harmless(line) == shown
    assert obeyed(shown) == []
    assert bool(obeyed(line)) == (line != shown)


def test_pieces_of_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line is looked at as a whole, however it is written; what has no end yet goes out with a flush."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    stream = StringIO()
    out = tamed(stream)
    for piece in (":", ":err", "or::x\n#", "#[a", "]\n", "rest"):
        out.write(piece)
    assert stream.getvalue() == ":\\x3aerror::x\n#\\x23[a]\n"
    out.flush()
    assert stream.getvalue().endswith("\nrest")
    monkeypatch.delenv("GITHUB_ACTIONS")
    assert tamed(stream) is stream
