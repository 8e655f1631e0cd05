"""The Tab key, by the protocol of the shells: what is offered exists, and whatever is offered is taken."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.cli import completion
from analyzer.cli.app import COMMANDS, run
from analyzer.cli.baseline import gates
from analyzer.cli.selection import Choice, Selection, groups_by
from analyzer.cli.where import Where
from analyzer.output.columns import COLUMNS
from analyzer.verdict.causes import TABLE
from analyzer.verdict.model import CLASSES

PROGRAM = [sys.executable, "-m", "whyfetch"]


def bash(*words: str) -> list[str]:
    """What bash is told for a line, the last of whose words is being typed."""
    line = {"COMP_WORDS": "\n".join(["whyfetch", *words]), "COMP_CWORD": str(len(words))}
    return asked({**line, "_WHYFETCH_COMPLETE": "complete_bash"}).splitlines()


def asked(variables: dict[str, str]) -> str:
    done = subprocess.run(PROGRAM, env={**os.environ, **variables}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["cl"], ["classify"]),
        ([""], list(COMMANDS)),
        (["classify", "--group"], ["--group-by"]),
        (["classify", "--select", ""], [*CLASSES, "failed"]),
        (["classify", "--select", "dns-failure/dns-nx"], ["dns-failure/dns-nxdomain"]),
        (["classify", "--ignore", "failed,tls-st"], ["failed,tls-stall"]),
        (["sniff", "--ignore", "rst/rst-ref"], ["rst/rst-refused"]),
        (["run", "--select", "rst/rst-ref"], ["rst/rst-refused"]),
        (["classify", "--fail-on", "inc"], ["incomplete"]),
        (["signatures", "rst-ref"], ["rst-refused"]),
        (["classify", "--group-by", "class,ca"], ["class,cause"]),
        (["classify", "--where", "hos"], ["host="]),
        (["classify", "--format", "j"], ["jsonl", "junit"]),
        (["sniff", "--format", "j"], ["jsonl", "junit"]),
        (["run", "--source", "t"], ["tcpdump"]),
        (["sniff", "-i", "an"], ["any"]),
        (["classify", "--color", "a"], ["auto", "always"]),
    ],
    ids=" ".join,
)
def test_what_is_offered(words: list[str], offered: list[str]) -> None:
    """Commands, options and values, the newest of several behind commas."""
    found = bash(*words)
    assert found[: len(offered)] == offered
    assert all(name.startswith(words[-1]) for name in found)


def test_interfaces_are_those_of_this_machine() -> None:
    """And `any`, which is none."""
    assert bash("sniff", "-i", "") == ["any", *(name for _, name in socket.if_nameindex())]


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_takes_the_script(tmp_path: Path) -> None:
    """What `--show-completion` prints for it, evaluated there, and a line in which Tab is pressed."""
    program = tmp_path / "whyfetch"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(PROGRAM)} "$@"\n')
    program.chmod(0o755)
    script = (
        'eval "$(_WHYFETCH_COMPLETE=source_bash whyfetch)"; COMP_WORDS=(whyfetch classify --group-by class,ca);'
        'COMP_CWORD=3; _whyfetch_completion whyfetch; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "class,cause\n", done.stderr


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_are_told_the_same(shell: str) -> None:
    """Each in its own way."""
    line = {"_TYPER_COMPLETE_ARGS": "whyfetch classify --select rst/rst-ref", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    assert "rst/rst-refused" in asked({**line, "_WHYFETCH_COMPLETE": f"complete_{shell}"})


def test_every_verdict_that_is_offered_is_taken(tmp_path: Path) -> None:
    """By the options themselves; all classes and causes are among them."""
    every = {name for klass in [*CLASSES, "failed"] for name in completion.verdicts(f"{klass}/")}
    assert len(every) == len(TABLE)
    for name in [*every, *completion.verdicts("")]:
        assert Selection([name], "--select")
    (tmp_path / "none.jsonl").touch()
    offered = completion.gates("new:rst/")
    assert "new:rst/rst-refused" in offered
    assert [gates([name], None, Choice(Selection([], ""))) for name in completion.gates("rst")]


def test_every_column_that_is_offered_is_taken() -> None:
    """Rows can be grouped by it, and picked by it."""
    assert len(completion.columns("")) == len(COLUMNS) + 1
    for name in completion.columns(""):
        assert groups_by([name], False, "csv") == (name,)
    for name in completion.conditions(""):
        assert Where([name]).holds


def test_every_signature_that_is_offered_has_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    """Of each cause, and of each class."""
    assert len(completion.documented("")) > len(TABLE)
    for name in completion.documented(""):
        assert run(["signatures", name]) == 0, name
    assert capsys.readouterr().err == ""
