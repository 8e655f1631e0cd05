import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def _generator():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate = _generator()


def run(arguments, **options):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, **options)


@pytest.mark.parametrize("document", generate.DOCUMENTS)
def test_generated_parts_are_fresh(document):
    """Documents say what the code does, output of commands included; `make docs` writes them."""
    assert generate.generated(document) == (ROOT / document).read_text(encoding="utf-8")


def blocks(language):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


SHELL = [line.split("  #")[0] for block in blocks("sh") for line in block.splitlines() if line.startswith("whyfetch")]


@pytest.mark.parametrize("line", SHELL)
def test_every_command_of_the_readme_runs(line, tmp_path):
    """Each ends with status 0 on the samples."""
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    words = shlex.split(line)
    source = words[words.index("<") + 1] if "<" in words else os.devnull
    words = words[: words.index("<")] if "<" in words else words
    command = [sys.executable, "-c", "from analyzer.cli import main; main()", *words[1:]]
    with (tmp_path / source).open("rb") as given:
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=given,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("code", blocks("python"))
def test_the_python_of_the_readme_runs(code):
    """It prints something and no error."""
    done = run([sys.executable, "-W", "error", "-c", code])
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("notebook", sorted((ROOT / "notebooks").glob("*.py")), ids=lambda path: path.name)
def test_every_notebook_runs(notebook):
    """From top to bottom, on the samples only."""
    done = run([sys.executable, "-W", "error", str(notebook)])
    assert done.returncode == 0, done.stderr


def documents():
    return [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document):
    """A relative link names a file that is there."""
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text(encoding="utf-8"))
    assert [target for target in targets if not (document.parent / target).exists()] == []
