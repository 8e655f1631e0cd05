"""Writes what the documents say about the code, from the code: `make docs`; tests fail when a document is stale.

A generated part stands between `<!-- begin: NAME -->` and `<!-- end: NAME -->`. `output:` parts are what the command
in the code block before them prints.
"""

from __future__ import annotations

import ast
import inspect
import io
import os
import pty
import re
import shlex
import subprocess
import sys
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from analyzer import errors
from analyzer.opinion.fields import FACTS
from analyzer.opinion.known import KNOWN
from analyzer.output.columns import TYPES, documentation
from analyzer.output.signatures import markdown
from analyzer.verdict.catalog import catalogue

ROOT = Path(__file__).resolve().parent.parent
PART = re.compile(r"(<!-- begin: (?P<name>.+?) -->\n).*?(<!-- end: (?P=name) -->)", re.DOTALL)
DOCUMENTS = (
    "README.md",
    "docs/columns.md",
    "docs/exit-codes.md",
    "docs/second-opinion.md",
    "docs/security.md",
    "docs/signatures.md",
)
CAPS = {
    "pkt/timeline.py": ["MOST_PACKETS", "MOST_BYTES"],
    "pkt/build.py": ["MOST_BYTES"],
    "capture/reader.py": ["MOST_BYTES", "LONGEST_HOLE", "FREE_RECORDS"],
    "capture/pcapng.py": ["MOST_KEPT", "MOST_INTERFACES"],
    "capture/losses.py": ["MOST"],
    "frame/fragments.py": ["MAX_DATAGRAMS", "MAX_BYTES"],
    "tcp/expiry.py": ["MAX_OPEN", "MAX_HALF_OPEN", "MAX_LINGERING", "MAX_HELD"],
    "flow/table.py": ["MAX_GONE"],
    "tcp/unproven.py": ["MAX_HELD_BYTES"],
    "tcp/ordering.py": ["MAX_ALL", "MAX_EARLY_BYTES"],
    "tcp/reassembly.py": ["MAX_PENDING_SEGMENTS", "MAX_PENDING_BYTES"],
    "layer/kept.py": ["MAX_BUFFER", "MAX_PIECES"],
    "keys/keylog.py": ["MOST_RUNS", "MOST_PLACES"],
    "keys/secrets.py": ["MOST_DISAGREEING"],
    "keys/store.py": ["MOST_BROUGHT", "MOST_MISSED"],
    "keys/resumption.py": ["MOST_SESSIONS"],
    "keys/direction.py": ["MOST_FAILED"],
    "layer/tls/side.py": ["MAX_MESSAGE"],
    "layer/tls/plaintext.py": ["MAX_OPENED"],
    "layer/tls/inside.py": ["MAX_HELD"],
    "model/log.py": ["MAX_EVENTS"],
    "model/fields.py": ["MAX_HEAD", "MAX_TARGET", "MAX_VALUE"],
    "layer/http1/pairing.py": ["MAX_EXCHANGES", "MAX_ORPHANS"],
    "layer/http2/reader.py": ["MAX_BLOCK"],
    "layer/http2/hpack.py": ["MAX_LIST", "MAX_TABLE"],
    "layer/dns/lookups.py": ["MAX_OPEN", "MAX_EARLY"],
    "fetch/names.py": ["MAX_ANSWERS", "MAX_ASKED", "MAX_ASKED_FOR"],
    "fetch/wishes.py": ["MAX_OPEN", "MAX_HELD", "MAX_USED"],
    "fetch/floods.py": ["MAX_ROWS", "MAX_ROWS_OF_ALL", "MAX_SOURCES"],
    "verdict/order.py": ["MAX_HELD", "MAX_WRITTEN", "MAX_TEXT"],
    "verdict/packed.py": ["MAX_WORDS"],
    "verdict/retries.py": ["MAX_WAITING", "MAX_NAMES_WAITING", "MAX_TEXT"],
    "verdict/told.py": ["MAX_PENDING"],
    "opinion/check.py": ["MOST_FETCHES"],
    "opinion/cutout.py": ["MOST_BYTES", "MOST_IN_ALL"],
    "output/depot.py": ["MAX_KEPT", "MAX_BLOCKS"],
    "output/grouping.py": ["MAX_GROUPS"],
    "output/stats.py": ["EXACT"],
    "output/ladder.py": ["MOST_ARROWS"],
    "output/page/gather.py": ["MOST_LISTED", "MOST_DRAWN", "MOST_OF_CONNECTION"],
    "output/page/page.py": ["MOST_LADDER_BYTES"],
    "output/summary.py": ["MAX_SHARED"],
    "clientlog/read.py": ["MAX_CHARACTERS", "MAX_ERRORS"],
    "output/ci/gathered.py": ["MAX_PLACES", "MAX_CAPTURES"],
    "output/ci/baseline.py": ["MAX_ROWS"],
    "output/ci/rows.py": ["MAX_LINE"],
}
"""The constants that bound the memory of a whole run, or of one connection."""
TYPE_WORDS = {"str": "text", "int": "integer", "float": "seconds"}


def columns() -> str:
    """The columns with type and documentation, in order."""
    lines = ["| # | column | type | meaning |", "|---|---|---|---|"]
    for number, (name, text) in enumerate(documentation().items(), start=1):
        kind = "time" if name == "start" else TYPE_WORDS[TYPES[name].split(" ")[0]]
        lines.append(f"| {number} | `{name}` | {kind} | {text.replace('|', chr(92) + '|')} |")
    return "\n".join(lines) + "\n"


def exit_codes() -> str:
    """The members of ExitStatus with the text under each."""
    (enum,) = ast.parse(inspect.getsource(errors.ExitStatus)).body
    assert isinstance(enum, ast.ClassDef)
    lines = ["| status | meaning |", "|---|---|"]
    for member, text in zip(enum.body, enum.body[1:], strict=False):
        if isinstance(member, ast.Assign) and isinstance(text, ast.Expr):
            lines.append(f"| {ast.literal_eval(member.value)} | {ast.literal_eval(text.value)} |")
    return "\n".join(lines) + "\n"


def output(command: str) -> str:
    """What a `whyfetch` command shows on a terminal of 120 columns without colour."""
    return f"```text\n$ {command}\n{_on_a_terminal(command, columns=120, NO_COLOR='1')}```\n"


def _on_a_terminal(command: str, columns: int, **variables: str) -> str:
    """What a `whyfetch` command writes in the repository, on a pseudo-terminal and then on standard error."""
    words = shlex.split(command)
    assert words[0] == "whyfetch", command
    run = [sys.executable, "-c", "from analyzer.cli import main; main()", *words[1:]]
    inherited = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "CI")}
    environment = inherited | {"TERM": "xterm-256color", "COLUMNS": str(columns), "PYTHONPATH": str(ROOT)} | variables
    terminal, screen = pty.openpty()
    with subprocess.Popen(run, cwd=ROOT, env=environment, stdout=screen, stderr=subprocess.PIPE) as process:
        os.close(screen)
        shown = _shown(terminal)
        assert process.stderr is not None
        shown += process.stderr.read()
    os.close(terminal)
    return shown.decode().replace("\r", "")


PICTURES = {"docs/failure.svg": "whyfetch classify samples/rst/curl-forged-reset-after-clienthello.pcap"}
"""Pictures of a terminal, and the command that it shows."""
FONT_FACES = re.compile(r"@font-face \{\{.*?\}\}\s*", re.DOTALL)
"""Where rich's pictures load fonts from a server; without them the reader's own are taken."""


def picture(command: str) -> str:
    """What a `whyfetch` command shows on a terminal of 100 columns with colour, as SVG; the same each time."""
    from rich._export_format import CONSOLE_SVG_FORMAT
    from rich.console import Console
    from rich.text import Text

    console = Console(record=True, width=100, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(f"$ {command}\n{_on_a_terminal(command, columns=100)}"), end="")
    form = FONT_FACES.sub("", CONSOLE_SVG_FORMAT)
    return console.export_svg(title="whyfetch", code_format=form, unique_id="whyfetch")


def _shown(terminal: int) -> bytes:
    """All that is written to a pseudo-terminal until its other side is closed, which Linux reports as an error."""
    shown = b""
    with suppress(OSError):
        while piece := os.read(terminal, 65536):
            shown += piece
    return shown


def signatures() -> str:
    """Every documented signature, by class."""
    return markdown(catalogue().values())


def caps() -> str:
    """The constants of CAPS with what stands below each."""
    lines = ["| cap | at most | what of, and what happens then |", "|---|---|---|"]
    for path, wanted in CAPS.items():
        body = ast.parse((ROOT / "analyzer" / path).read_text(encoding="utf-8")).body
        found = {}
        for statement, text in pairwise(body):
            name = ast.unparse(statement.targets[0]) if isinstance(statement, ast.Assign) else ""
            if name in wanted and isinstance(text, ast.Expr):
                value = eval(ast.unparse(statement.value), {})  # a number, or a shift or product of some
                found[name] = f"{value:,} | {ast.literal_eval(text.value)}"
        lines += [f"| `{path}` {name} | {' '.join(found[name].split())} |" for name in wanted]
    return "\n".join(lines) + "\n"


def facts() -> str:
    """The facts that are compared with Wireshark's, and its fields."""
    lines = ["| fact | what it is | Wireshark's fields |", "|---|---|---|"]
    for name, fact in FACTS.items():
        lines.append(f"| `{name}` | {fact.what} | {', '.join(f'`{field}`' for field in fact.fields)} |")
    return "\n".join(lines) + "\n"


def known_differences() -> str:
    """Where Wireshark says something else by design."""
    lines = ["| difference | of the facts | what both say | why |", "|---|---|---|---|"]
    for one in KNOWN:
        kinds = ", ".join(f"`{kind}`" for kind in one.kinds)
        lines.append(f"| `{one.id}` | {kinds} | {one.differs} | {one.reason} |")
    return "\n".join(lines) + "\n"


def part(name: str) -> str:
    """The text of a generated part."""
    if name.startswith("output: "):
        return output(name.removeprefix("output: "))
    parts = {"caps": caps, "columns": columns, "exit-codes": exit_codes, "signatures": signatures}
    return {**parts, "facts": facts, "known-differences": known_differences}[name]()


def generated(document: str) -> str:
    """The document as it should be."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return PART.sub(lambda found: found[1] + part(found["name"]) + found[3], text)


def main() -> None:
    """Bring all documents up to date."""
    for document in DOCUMENTS:
        (ROOT / document).write_text(generated(document), encoding="utf-8")
    for name, command in PICTURES.items():
        (ROOT / name).write_text(picture(command), encoding="utf-8")
    subprocess.run([sys.executable, ROOT / "docs" / "photograph.py"], check=True)


if __name__ == "__main__":
    main()
