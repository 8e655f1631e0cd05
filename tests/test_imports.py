"""The names under which it is imported and run, and an `analyzer.py` of the user's beside his captures."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import analyzer
import whyfetch

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "samples" / "rst" / "curl-refused.pcap"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
MODULE = [sys.executable, "-m", "whyfetch"]
SCRIPT = [sys.executable, "-c", "from whyfetch.__main__ import main; main()"]
"""What the installed `whyfetch` does."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a capture, and with a script of the user's that is called as our package is."""
    (tmp_path / "analyzer.py").write_text("raise SystemExit('the module of the user was imported')\n")
    shutil.copy(SAMPLE, tmp_path / "trace.pcap")
    return tmp_path


def test_both_names_give_the_same() -> None:
    """Each public name of `analyzer` is that of `whyfetch`."""
    assert whyfetch.__all__ == analyzer.__all__
    assert all(getattr(whyfetch, name) is getattr(analyzer, name) for name in analyzer.__all__)
    assert dir(whyfetch) == sorted(analyzer.__all__)
    with pytest.raises(AttributeError):
        whyfetch.nothing  # noqa: B018


@pytest.mark.parametrize("command", [MODULE, SCRIPT], ids=["module", "script"])
@pytest.mark.parametrize("path", [str(ROOT), f".{os.pathsep}{ROOT}"], ids=["", "here first"])
def test_an_analyzer_in_the_users_folder_is_left_alone(command: list[str], path: str, folder: Path) -> None:
    """Neither `python -m`, which puts the folder first in the path, nor a PYTHONPATH with a dot imports it."""
    environment = {**os.environ, "PYTHONPATH": path}
    command = [*command, "classify", "trace.pcap", "--format", "csv"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.count("rst-refused")) == (0, 1), done.stderr


def test_import_whyfetch_in_the_users_folder(folder: Path) -> None:
    """The same of a script of the user's."""
    code = "import whyfetch; print([one.verdict.cause for one in whyfetch.read('trace.pcap')])"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.stdout == "['rst-refused']\n", done.stderr


def test_two_modules_called_analyzer_are_an_error_that_says_so(tmp_path: Path) -> None:
    """Where the user's own was imported before."""
    (tmp_path / "analyzer.py").touch()
    code = "import analyzer, whyfetch"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True)
    assert f"ImportError: whyfetch needs the module name `analyzer`, which {tmp_path}" in done.stderr
