"""Writes the page: a template with autoescape, its style and script in it, and a policy that allows nothing else."""

from __future__ import annotations

# not compiled: once a page
from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING

from analyzer.errors import MissingError
from analyzer.output.page.facts import MOST_GROUPS, Detail, Entry, PageFacts
from analyzer.output.page.gather import PageContent
from analyzer.output.page.story import Read, Story
from analyzer.output.page.svg import strokes
from analyzer.text import safe
from analyzer.version import version

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

MOST_LADDER_BYTES = 500_000
"""What ladders may add to a page: with 1,000 rows it stays below 1.5 MB, which mail and artifact viewers take. Later
fetches have their row and the command that shows the rest."""

FIRST_GROUPS = 10
"""Reasons that are seen at once; the others open together."""
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'"


def page(gathered: PageContent, facts: PageFacts, read: Read) -> tuple[str, str]:
    """The whole page, and its headline in a line."""
    environment = _environment()
    entries = facts.entries()
    story = Story(gathered, facts, entries, read)
    details = _details(environment, facts, story, entries)
    style, script = _text("report.css"), _text("report.js")
    text = environment.get_template("report.html").render(
        story=story,
        entries=entries,
        details=details,
        first=FIRST_GROUPS,
        shown=story.reasons[:MOST_GROUPS],
        rarer=story.reasons[MOST_GROUPS:],
        examples={reason.example.id for reason in story.reasons[:MOST_GROUPS] if reason.example is not None},
        style=_markup(style),
        script=_markup(script),
        policy=f"{NOTHING}; style-src {_hash(style)}; script-src {_hash(script)}",
        version=version(),
    )
    return f"{text}\n", " ".join(filter(None, story.headline()))


@cache
def _environment() -> Environment:
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError:
        raise MissingError("`whyfetch report`", "jinja2", "report") from None

    environment = Environment(
        loader=PackageLoader("analyzer.output.page", "."),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_readable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["code"] = _code
    environment.filters["strokes"] = strokes
    return environment


def available() -> None:
    """Raise the error of a missing jinja2 before anything is read."""
    _environment()


def _details(environment: Environment, facts: PageFacts, story: Story, entries: list[Entry]) -> dict[str, Markup]:
    """What opens below a fetch, by its id: those of the reasons first, then the others while there is room."""
    from markupsafe import Markup

    write = environment.get_template("fetch.html").module.opened  # type: ignore[attr-defined]
    written: dict[str, Markup] = {}
    room = MOST_LADDER_BYTES
    for entry in _by_importance(story, entries):
        detail: Detail | None = facts.detail(entry)
        if detail is None or entry.id in written:
            continue
        text = Markup("\n".join(line.strip() for line in write(entry, detail).splitlines() if line.strip()))
        room -= len(text.encode())
        if room < 0:
            break
        written[entry.id] = text
    return written


def _by_importance(story: Story, entries: list[Entry]) -> Iterator[Entry]:
    yield from (reason.example for reason in story.reasons[:MOST_GROUPS] if reason.example is not None)
    yield from sorted((entry for entry in entries if entry.drawn is not None), key=lambda entry: entry.mark != "failed")


def _readable(value: object) -> object:
    """Whatever is written: characters that nobody sees, or that turn the text around, are shown escaped."""
    return value if hasattr(value, "__html__") else safe(str(value))


def _code(text: str) -> Markup:
    """Our own sentences, in which backticks enclose what is typed."""
    from markupsafe import Markup, escape

    parts = [escape(safe(part)) for part in text.split("`")]
    if len(parts) % 2 == 0:
        return escape(safe(text))
    return Markup("").join(Markup("<code>%s</code>") % part if at % 2 else part for at, part in enumerate(parts))


def _markup(text: str) -> Markup:
    from markupsafe import Markup

    return Markup(text)


def _text(name: str) -> str:
    return files("analyzer.output.page").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """As a policy names what stands between the tags (Content Security Policy Level 3, 2.3.1)."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
