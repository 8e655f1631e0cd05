import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def _script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate, photograph = _script("generate"), _script("photograph")


def run(arguments, **options):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, **options)


@pytest.mark.parametrize("document", generate.DOCUMENTS)
def test_generated_parts_are_fresh(document):
    """Documents say what the code does, output of commands included; `make docs` writes them."""
    assert generate.generated(document) == (ROOT / document).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", generate.PICTURES)
def test_pictures_are_fresh(name):
    """A picture of a terminal shows what the command says, and loads nothing."""
    made = generate.picture(generate.PICTURES[name])
    assert made == (ROOT / name).read_text(encoding="utf-8")
    assert "url(" not in made.replace("url(#", "")


@pytest.mark.skipif(photograph.browser() is None, reason="no browser that could make the picture anew")
def test_the_picture_of_a_page_is_fresh(tmp_path):
    """The README's picture shows the page as it is, and is small."""
    picture = photograph.PICTURE.read_bytes()
    assert photograph.pictured(picture) == photograph.page(tmp_path / "report.html")
    assert picture.startswith(photograph.SIGNATURE)
    assert len(picture) < 200_000


def blocks(document, language):
    return re.findall(rf"```{language}\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)


GUIDES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FOUND = 1
"""The status of a line with `--fail-on`, where something is found."""


def commands(document):
    """The lines of a document's `sh` blocks that run whyfetch, with `sudo` or `uvx` before it or without."""
    for block in blocks(document, "sh"):
        for line in block.splitlines():
            words = re.sub(r"^(uvx|sudo(?: -E env \S+)?) ", "", line.split("  #")[0].strip())
            if words.startswith(("whyfetch ", '"PATH')):
                yield words


LIVE = re.compile(r"whyfetch (run|sniff)|--follow")
"""These wait for traffic or take rights: tests of theirs run them; here each of their options must be known."""
LINES = [(document, line) for document in GUIDES for line in dict.fromkeys(commands(document))]


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A folder with the files that documents name: captures, a good run's rows, and a client's log."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "samples").symlink_to(ROOT / "samples")
    captures = sorted((ROOT / "samples" / "rst").glob("*.pcap"))
    for name in ("trace.pcap", "trace.pcapng", "ci.pcap"):
        shutil.copy(ROOT / "samples" / "http-failure" / "npm-503-then-works.pcap", folder / name)
    for name in ("rows.jsonl", "before.jsonl", "job.jsonl"):
        run(whyfetch("classify", "--format", "jsonl", "-o", str(folder / name), str(captures[0])))
    (folder / "build.log").write_text("curl: (56) Recv failure: Connection reset by peer\n")
    return folder


def whyfetch(*words):
    return [sys.executable, "-c", "from analyzer.cli import main; main()", *words]


@pytest.mark.parametrize(
    ("document", "line"),
    [(d, c) for d, c in LINES if not LIVE.search(c)],
    ids=lambda value: getattr(value, "name", value),
)
def test_every_command_of_the_documents_runs(document, line, desk):
    """Each ends with status 0 on files that are there, or with 1 where it asks for that with `--fail-on`."""
    if "--second-opinion" in line or "--check" in line:
        pytest.importorskip("pyshark", reason="needs pyshark: `pip install 'whyfetch[tshark]'`")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = whyfetch(*shlex.split(line)[1:])
    if "-o" in command:
        (desk / command[command.index("-o") + 1]).unlink(missing_ok=True)  # documents show how a file comes to be
    done = subprocess.run(command, cwd=desk, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode in ((0, FOUND) if "--fail-on" in line else (0,)), done.stderr


@pytest.mark.parametrize(
    ("document", "line"), [one for one in LINES if LIVE.search(one[1])], ids=lambda of: getattr(of, "name", of)
)
def test_every_option_of_live_commands_is_known(document, line):
    """Options before `--` stand in the command's help."""
    words = shlex.split(line)[1:]
    words = words[: words.index("--")] if "--" in words else words
    helped = run(whyfetch(words[0], "--help")).stdout
    missing = [word for word in words if word.startswith("-") and word != "-" and not re.search(rf"{word}\b", helped)]
    assert missing == []


@pytest.mark.parametrize("code", blocks(ROOT / "README.md", "python"))
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
