"""Markdown as GitHub and GitLab render it: a sentence, a table of what failed, and a section for each kind of failure.

A summary of a step takes 1 MiB, and one that is larger is lost whole ("upload aborted, supports content up to a size of
1024k"): sections are left out whole, and that is said.
"""

from __future__ import annotations

# not compiled: writes once a command
import re
from typing import TYPE_CHECKING, TextIO

from analyzer.output.words import rfc3339
from analyzer.text import cut, plural, safe
from analyzer.verdict.facts import span

if TYPE_CHECKING:
    from analyzer.output.ci.gathered import Gathered
    from analyzer.output.ci.problem import Problem

MAX_BYTES = 900_000
MOST_ROWS = 50
"""Rows of the table; the sections go on."""
MOST_LINES = 20
"""Of what is told in a line each: incomplete, fixed, warnings."""
MAX_SENTENCE = 1_000
ROOM = 300
"""Bytes that the line about what was left out needs."""
SPECIAL = re.compile(r"[\\`*_{}\[\]<>|~#&!$@%]|:(?=//)|(?<=www)\.")
"""What begins something in Markdown, HTML, or the references of GitHub and GitLab; `www.` and `://` would be links."""
MENTION = "@<!-- -->"
"""The text of a mention is looked for after all escapes are undone: only another node between keeps it from that."""


def write(out: TextIO, gathered: Gathered) -> None:
    """Write the page."""
    out.write(text(gathered, MAX_BYTES))


def text(gathered: Gathered, room: int) -> str:
    """The page in at most so many bytes of UTF-8; "" when there is no room for its first lines."""
    failures = gathered.failures()
    parts = [_head(gathered, failures), *map(_section, failures), _tail(gathered)]
    taken: list[str] = []
    left_out = 0
    room -= ROOM
    for part in (parts[0], parts[-1], *parts[1:-1]):
        size = len(part.encode())
        if left_out or size > room:
            left_out += 1
            continue
        taken.append(part)
        room -= size
    if not taken:
        return ""
    if left_out:
        kinds = plural(left_out, "section is", "sections are")
        taken.append(f"\n{kinds} left out: no more fits into {MAX_BYTES // 1000} kB.\n")
    return "".join(taken)


def _head(gathered: Gathered, failures: list[Problem]) -> str:
    """Headline, counts and table."""
    lines = [f"## whyfetch: {escaped(gathered.headline())}", ""]
    lines += [f"{escaped(safe(line))}  " for line in gathered.summary.lines()[:MOST_LINES]]
    if failures:
        state = gathered.baseline is not None
        lines += ["", "| fetches | verdict | at | cost |" + (" state |" if state else "")]
        lines.append("|---:|---|---|---:|" + ("---|" if state else ""))
        lines += [_row(problem) + (f" {problem.state} |" if state else "") for problem in failures[:MOST_ROWS]]
        if len(failures) > MOST_ROWS:
            lines += ["", f"and {plural(len(failures) - MOST_ROWS, 'kind', 'kinds')} of failures more"]
    return "\n".join(lines) + "\n"


def _row(problem: Problem) -> str:
    place = code(problem.place).replace("|", "\\|")
    return f"| {problem.count:,} | {code(problem.verdict)} | {place} | {span(problem.cost)} |"


def _section(problem: Problem) -> str:
    """What is to be said of one kind of failure."""
    state = f"{problem.state}: " if problem.state else ""
    times = f"{rfc3339(problem.first)} to {rfc3339(problem.last)}"
    lines = [
        "",
        "<details>",
        f"<summary>{state}{html(problem.title)}</summary>",
        "",
        escaped(cut(problem.text("summary"), MAX_SENTENCE)),
        "",
        f"- {', '.join(problem.facts())}; {times}",
        f"- **advice**: {with_code(problem.text('advice'))}",
        f"- **packets**: {code(problem.text('evidence'))}",
        f"- **Wireshark**: {code(problem.text('wireshark_filter'))}",
        *([f"- {code(problem.show())}"] if problem.show() else []),
        "",
        *_diagram(problem),
        "</details>",
    ]
    return "\n".join(lines) + "\n"


def _diagram(problem: Problem) -> list[str]:
    """The packets, drawn."""
    if not problem.diagram:
        return []
    return [f"The packets of {code(problem.drawn)}:", "", "```mermaid", problem.diagram.rstrip(), "```", ""]


def _tail(gathered: Gathered) -> str:
    """What is no failure, and what the reader should know besides."""
    lines = _listed("fixed", gathered.fixed())
    lines += _listed("incomplete", [f"{one.title}: {one.text('summary')}" for one in gathered.incomplete()])
    lines += _listed("warnings", gathered.summary.warnings)
    if gathered.beyond:
        lines += ["", f"{gathered.beyond:,} fetches more did not go well: there was no room for them."]
    return "\n".join(lines) + "\n" if lines else ""


def _listed(heading: str, found: list[str]) -> list[str]:
    if not found:
        return []
    lines = ["", f"### {heading}", "", *(f"- {escaped(cut(safe(line), MAX_SENTENCE))}" for line in found[:MOST_LINES])]
    if len(found) > MOST_LINES:
        lines.append(f"- and {len(found) - MOST_LINES:,} more")
    return lines


def escaped(text: str) -> str:
    """Text in which nothing is markup, a link, a reference or a mention."""
    return SPECIAL.sub(_backslashed, text)


def _backslashed(found: re.Match[str]) -> str:
    return MENTION if found[0] == "@" else f"\\{found[0]}"


def with_code(text: str) -> str:
    """Text in which words stand between backticks, which is kept."""
    words = text.split("`")
    return "".join(code(word) if at % 2 and at < len(words) - 1 else escaped(word) for at, word in enumerate(words))


def html(text: str) -> str:
    """Text inside an HTML element within Markdown, where backslashes would be shown."""
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("@", MENTION)):
        text = text.replace(character, entity)
    return text


def code(text: str) -> str:
    """Text as code, with as many backticks around as nothing in it can end (CommonMark 6.1)."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    blank = " " if text.startswith("`") or text.endswith("`") or not text else ""
    return f"{fence}{blank}{text}{blank}{fence}"
