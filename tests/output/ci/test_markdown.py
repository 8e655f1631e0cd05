import re

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options

from analyzer.output.ci import markdown
from analyzer.verdict.model import Verdict

from .conftest import HOSTILE


def rendered(text):
    """As HTML, by GitHub's own library, before its filter of HTML: what is there must be ours."""
    return cmarkgfm.github_flavored_markdown_to_html(text, options=Options.CMARK_OPT_UNSAFE)


def test_it_says_what_failed_and_what_to_do(make, write):
    """Headline, table, and a section with sentence, advice, packets and the command that shows them."""
    text = write("markdown", make(), make(number=2))
    assert text.startswith("## whyfetch: 2 of 2 fetches failed\n")
    assert "| 2 | `rst/rst-after-clienthello` | `example.org:443` | 48 ms |" in text
    assert "- **advice**: Compare the TTLs" in text
    assert "- `whyfetch show trace.pcap 1`" in text
    html = rendered(text)
    assert "<table>" in html
    assert html.count("<details>") == html.count("</details>") == 1


def test_the_baseline_is_a_column(make, write, before):
    """New ones first; what is fixed is listed."""
    baseline = before(make(), make(name="gone.example"))
    text = write("markdown", make(), make(number=2), make(name="new.example"), baseline=baseline)
    rows = [line for line in text.splitlines() if line.startswith("| ") and "`" in line]
    assert [row.split(" | ")[-1] for row in rows] == ["new |", "known |"]
    assert "### fixed\n\n- rst/rst-after-clienthello at gone.example:443\n" in text
    assert "3 of 3 fetches failed: 1 new, 2 known" in text


def test_without_a_failure_it_is_short(make, write):
    """A sentence, no empty table."""
    text = write("markdown", make(verdict=Verdict("ok", "", "high")))
    assert text.startswith("## whyfetch: 1 fetch, none failed\n")
    assert "|" not in text
    assert write("markdown", seen=lambda: "7 packets").startswith("## whyfetch: no fetch: 7 packets\n")


def test_nothing_of_a_packet_is_markup(make, write):
    """No element, link, image, table cell, reference or mention comes from a name, a sentence, a file or a warning."""
    verdict = Verdict("http-failure", "http-status-503", "high")
    verdict.summary = verdict.advice = HOSTILE + " www.evil.example ![x](y) # - * _b_ ~~s~~ &lt; #12 !13 $14"
    text = write("markdown", make(verdict=verdict, name=HOSTILE, file=HOSTILE), warnings=(HOSTILE,))
    html = rendered(text)
    ours = {
        "h2",
        "h3",
        "p",
        "br",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "code",
        "details",
        "summary",
        "ul",
        "li",
        "strong",
    }
    assert set(re.findall(r"<([a-z0-9]+)", html)) <= ours
    assert html.count("<tr") == 2
    assert len(re.findall("<td", html)) == 4
    outside = re.sub(r"<code>.*?</code>", "", html, flags=re.DOTALL)
    assert "@octocat" not in outside
    assert all(character.isprintable() or character == "\n" for character in text)


@pytest.mark.parametrize("text", ["", "`", "a``b`", "```", "x` `"])
def test_code_holds_any_backticks(text):
    """As CommonMark says: a longer fence, and a blank where one touches it."""
    assert rendered(markdown.code(text)).strip() == f"<p><code>{text or ' '}</code></p>" or not text.strip("` ")
    assert rendered(markdown.code(f"a{text}b")).strip() == f"<p><code>a{text}b</code></p>"


def test_links_are_not_made_of_text():
    """GitHub makes links of what looks like an address."""
    text = "see http://evil.example, https://evil.example/x, www.evil.example, mailto:a@b.example and a@b.example"
    assert "<a " in rendered(text)
    assert "<a " not in rendered(markdown.escaped(text))


def test_a_page_that_is_too_large_loses_whole_sections(make, write, monkeypatch):
    """The runner would drop all of it; what is left out is said, and no section is cut."""
    monkeypatch.setattr(markdown, "MAX_BYTES", 20_000)
    text = write("markdown", *[make(name=f"{at}.example", number=at) for at in range(1, 100)])
    assert len(text.encode()) <= 20_000
    assert text.count("<details>") == text.count("</details>") > 5
    assert re.search(r"\n\d+ sections are left out: no more fits into 20 kB\.\n$", text)
