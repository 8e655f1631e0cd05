import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.cli.app import COMMANDS

ROOT = Path(__file__).parents[2]

SLOW = ("pandas", "numpy", "rich", "scapy", "pyshark", "pyarrow", "cryptography", "hpack")


def whyfetch(*arguments, **options):
    command = [sys.executable, "-c", "from analyzer.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, **options)


@pytest.mark.parametrize("module", ["analyzer", "analyzer.cli", "analyzer.api", "analyzer.cli.job"])
def test_slow_libraries_are_imported_where_they_are_used(module):
    """--help and a small capture do not pay for pandas, rich or scapy."""
    code = f"import sys, {module}; print(*[name for name in {SLOW!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []


def test_help_is_instant():
    """0.25 s for the whole process, the best of five runs; CPU time, because other tests may run beside."""
    took = []
    for _ in range(5):
        begin = sum(os.times()[2:4])
        found = whyfetch("--help")
        took.append(sum(os.times()[2:4]) - begin)
        assert found.returncode == 0
        assert "classify" in found.stdout
    assert min(took) < 0.25


@pytest.mark.parametrize("command", ["", "classify", "show", "case", "signatures", "doctor"])
def test_help_shows_an_example_and_no_boxes(command):
    """Plain text that a pipe can take."""
    text = whyfetch(*filter(None, [command]), "--help").stdout
    assert re.search(f"Examples?:\\s+whyfetch {command or 'trace.pcapng'}", text)
    assert "│" not in text


@pytest.mark.parametrize(("columns", "most"), [(100, 42), (80, 45)])
@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_a_screen(command, columns, most):
    """No more lines than a screen has, and none is wider than the terminal."""
    found = whyfetch(*filter(None, [command]), "--help", env={**os.environ, "COLUMNS": str(columns)})
    lines = found.stdout.splitlines()
    assert 8 < len(lines) <= most
    assert max(map(len, lines)) <= columns


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_documented(command):
    """What `--help` says in a line, docs/cli.md says in full, in the command's section or in the shared one."""
    from typer.main import get_command

    from analyzer.cli.app import application

    text = (ROOT / "docs" / "cli.md").read_text()
    sections = dict(section.split("\n", 1) for section in text.split("\n## "))
    common, own = sections["Shared options"], sections[f"`{command}`"]
    for option in get_command(application([command])).commands[command].params:
        for name in [] if option.hidden or option.param_type_name == "argument" else option.opts:
            assert f"`{name}" in own or (f"`{name}" in common and f"`{name}`" in own), name


def test_version_tells_the_engine():
    """compiled and interpreted differ in speed only, but by a lot."""
    text = whyfetch("--version").stdout
    assert text.startswith("whyfetch ")
    assert text.endswith(("(engine: compiled)\n", "(engine: interpreted)\n"))


def test_every_option_has_help():
    """An option without a sentence is a riddle."""
    from typer.main import get_command

    from analyzer.cli.app import application

    for command in get_command(application()).commands.values():
        assert command.help
        for option in command.params:
            assert getattr(option, "help", None) or option.hidden, option.name


def test_the_reader_of_the_pipe_may_leave():
    """`whyfetch ... | head -1` is no failure: exit 0 and nothing on stderr."""
    code = (
        "import os, sys\n"
        "read, write = os.pipe()\n"
        "os.close(read)\n"
        "os.dup2(write, 1)\n"
        "from analyzer.cli import app, doctor\n"
        "def full(): print('x' * 100_000)\n"
        "doctor.doctor = full\n"
        "app.main(['doctor'])\n"
    )
    found = subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")
