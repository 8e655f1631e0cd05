import os
import subprocess
import sys

import pytest

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
    assert f"Example: whyfetch {command or 'trace.pcapng'}" in text
    assert "│" not in text


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
