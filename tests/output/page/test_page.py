"""`whyfetch report` writes one valid page that is complete without script and style, and that text cannot break."""

from __future__ import annotations

import base64
import hashlib
import re
import sys
from itertools import pairwise
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from support.markup import FIELDS, LETTERS, MARKUP, request, response
from support.pages import Tags, contrast, every, made, outline, parsed, text, variables
from support.planted import conversation

import analyzer
from analyzer.cli.app import run
from analyzer.output import grouping
from analyzer.output.page import gather
from analyzer.output.page import page as page_module
from analyzer.output.page.facts import MOST_GROUPS
from analyzer.pkt.build import pcap
from analyzer.pkt.timeline import load, parse
from analyzer.text import safe

pytest.importorskip("jinja2", reason="pip install jinja2")
SAMPLES = Path(__file__).resolve().parents[3] / "samples"
SILENT = SAMPLES / "tls-stall" / "go-server-silent-10s.pcap"
RESET = SAMPLES / "rst" / "curl-forged-reset-after-clienthello.pcap"
FOLDERS = ("rst", "tls-stall", "http-failure", "dns-failure", "incomplete", "ok")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page of each folder of samples, and one of all."""
    folder = tmp_path_factory.mktemp("pages")
    found = {name: made(folder / f"{name}.html", SAMPLES / name) for name in FOLDERS}
    return {**found, "all": made(folder / "all.html", SAMPLES)}


@pytest.fixture(scope="module", params=[*FOLDERS, "all"])
def page(request: pytest.FixtureRequest, pages: dict[str, Path]) -> Path:
    """Each of them."""
    return pages[request.param]


# -- what every page is ------------------------------------------------------------------------------------------------


def test_pages_are_valid(page: Path) -> None:
    """A strict parser finds no error; ids are unique, and links within the page lead somewhere."""
    root = parsed(page)
    ids = [node.attrib["id"] for node in root.iter() if "id" in node.attrib]
    assert len(ids) == len(set(ids))
    for node in root.iter():
        for words in ("aria-labelledby", "aria-describedby", "for"):
            assert set(node.attrib.get(words, "").split()) <= set(ids)
        if node.attrib.get("href", "#")[1:]:
            assert node.attrib["href"][0] == "#"
            assert node.attrib["href"][1:] in ids


def test_nothing_is_loaded_and_nothing_is_inline(page: Path) -> None:
    """No address of anything elsewhere, no style= and no handler: the strictest policies leave the page whole."""
    for tag, attributes in Tags(page).found:
        assert not {"style", "src", "srcset", "action", "background", "ping"} & attributes.keys(), tag
        assert not [name for name in attributes if name.startswith("on")], tag
        assert tag not in ("link", "img", "iframe", "object", "embed", "base", "image", "use", "foreignobject")
        for name, value in attributes.items():
            assert name in ("xmlns", "content") or "://" not in (value or ""), (tag, name)
    assert not re.search(r"@import|url\(|fetch\(|XMLHttp|innerHTML|eval\(", page.read_text(encoding="utf-8"))


def test_the_policy_names_style_and_script(page: Path) -> None:
    """The hashes in the policy are those of the one style and the one script; everything else is forbidden."""
    found = re.findall(r"<(style|script)>(.*?)</\1>", page.read_text(encoding="utf-8"), re.DOTALL)
    assert [kind for kind, _ in found] == ["style", "script"]
    hashes = [base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() for _, content in found]
    (policy,) = [a["content"] for tag, a in Tags(page).found if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy == (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'"
    )


def test_a_screen_reader_finds_its_way(page: Path) -> None:
    """One h1, no level is skipped, sections, tables and pictures have names, columns have heads, controls labels."""
    root = parsed(page)
    levels = [level for level, _ in outline(root)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all("aria-labelledby" in node.attrib for node in every(root, "section"))
    assert every(root, "html")[0].attrib["lang"] == "en"
    for table in every(root, "table"):
        assert every(table, "caption")
        assert all(head.attrib["scope"] for head in every(table, "th"))
    for picture in every(root, "svg"):
        assert "aria-label" in picture.attrib or [text(each) for each in every(picture, "desc") if text(each)]
    assert all(every(details, "summary") for details in every(root, "details"))
    labelled = [field for label in every(root, "label") for field in every(label, "input")]
    assert labelled == every(root, "input")


def test_every_ladder_is_a_table_as_well(page: Path) -> None:
    """What the picture shows stands in a table below it: packet by packet, with what each proves."""
    for figure in every(parsed(page), "figure"):
        if figure.attrib.get("class") == "strip":
            continue
        numbers = [text(each) for each in every(figure, "text") if each.attrib.get("class") == "n"]
        rows = [[text(cell) for cell in every(row, "td")] for row in every(figure, "tr")]
        assert [row[0] for row in rows if row and row[0]] == numbers
        marked = len([each for each in every(figure, "rect") if each.attrib.get("class") == "badge"])
        assert len([row for row in rows if row and row[5]]) == marked


def test_every_row_is_there(pages: dict[str, Path]) -> None:
    """Each fetch of the captures is in the list, with its sentence, in the order of rows."""
    root = parsed(pages["all"])
    (table,) = [each for each in every(root, "table") if "fetches" in each.attrib.get("class", "")]
    bodies = [node for node in table if node.tag.endswith("tbody")]
    frame = analyzer.classify(SAMPLES)
    assert len(bodies) == len(frame)
    for body, summary, klass in zip(bodies, frame["summary"], frame["class"], strict=True):
        assert " ".join(summary.split()) in text(body)
        assert klass in text(body)


# -- what a page says --------------------------------------------------------------------------------------------------


def test_the_page_of_one_stall(tmp_path: Path) -> None:
    """The outline of a page: the sentence, what is missing, the reason with its advice, the fetch."""
    root = parsed(made(tmp_path / "x.html", SILENT))
    why = "the server takes the ClientHello and says nothing (www.lab.example:443)"
    assert outline(root) == [
        (1, f"The one fetch in this capture failed: {why}"),
        (2, "What this capture could not show"),
        (2, "Reasons, the worst first"),
        (3, "The server takes the ClientHello and says nothing"),
        (4, "What to do"),
        (2, "Every fetch"),
    ]
    assert text(every(root, "title")[0]) == f"The one fetch in this capture failed: {why}"
    whole = text(root)
    assert "10.01 s of silence" in whole
    assert "points to the server" in whole
    assert "tcp.stream eq 0" in whole
    assert f"whyfetch show {SILENT} 1" in whole
    assert "Nothing is known to be missing" in whole


HEADLINES = {
    "ok": ("All ", " went well"),
    "incomplete": ("None of 7 fetches can be judged",),
    "all": ("of 309 fetches failed, for ", " because the server answers with status 404 (Not Found), at 7 places"),
}


@pytest.mark.parametrize("name", HEADLINES)
def test_the_sentence_on_top(name: str, pages: dict[str, Path]) -> None:
    """It counts what failed, and says the most frequent reason."""
    (level, sentence), *_ = outline(parsed(pages[name]))
    assert level == 1
    assert all(part in sentence for part in HEADLINES[name]), sentence


def test_what_is_missing_is_said(pages: dict[str, Path]) -> None:
    """What the capture could not show stands above the reasons, a sentence for each kind."""
    root = parsed(pages["incomplete"])
    (section,) = [node for node in every(root, "section") if node.attrib.get("class") == "limits"]
    said = [text(item) for item in every(section, "li")]
    assert any("the capture shows one direction only" in each for each in said)
    assert any("the capture ends before the fetch did" in each for each in said)


def test_a_damaged_capture_has_its_page(tmp_path: Path) -> None:
    """The part that could be read is shown, the damage is said on the page, and the exit status is 3."""
    whole = RESET.read_bytes()
    (tmp_path / "cut.pcap").write_bytes(whole[: len(whole) - 30])
    root = parsed(made(tmp_path / "x.html", tmp_path / "cut.pcap", status=3))
    (section,) = [node for node in every(root, "section") if node.attrib.get("class") == "limits"]
    assert "cut.pcap" in text(section)


def test_a_capture_without_a_fetch(tmp_path: Path) -> None:
    """The page says what was in the file and why there is nothing."""
    udp = (
        "name r client 192.0.2.10:40000 server 192.0.2.53:53\n0 r > dns A a.example\n0.1 r < dns A a.example 192.0.2.1"
    )
    for content, why in (("", "There is no packet in it."), (udp, "None of its packets is TCP")):
        capture = tmp_path / "x.pcap"
        capture.write_bytes(pcap(parse(udp))[:24] if not content else pcap(parse(content)))
        root = parsed(made(tmp_path / "x.html", capture))
        assert outline(root) == [(1, "No fetch in this capture"), (2, "What this capture could not show")]
        assert why in text(root)


def test_contrast_is_enough() -> None:
    """Text has 4.5 : 1 on paper and on raised ground (WCAG AA), lines that mean something 3 : 1; light, dark, print."""
    css = (Path(analyzer.__file__).parent / "output" / "page" / "report.css").read_text(encoding="utf-8")
    schemes = list(variables(css))
    assert len(schemes) == 3
    for scheme in schemes:
        for ground in ("paper", "raised"):
            for ink in ("ink", "soft", "failed", "open", "ok", "link", "proof"):
                assert contrast(scheme[ink], scheme[ground]) >= 4.5, (ink, ground)
            assert contrast(scheme["strong-line"], scheme[ground]) >= 3
        assert contrast(scheme["on-proof"], scheme["proof"]) >= 4.5
        assert contrast(scheme["on-proof"], scheme["failed"]) >= 4.5
    assert set(re.findall(r"#[0-9a-f]{3,6}\b", css.replace(":root", ""))) == {
        colour for scheme in schemes for colour in scheme.values()
    }


# -- hostile captures --------------------------------------------------------------------------------------------------


def skeleton(root: Element) -> list[tuple[str, tuple[str, ...]]]:
    """The elements with the names of their attributes: what markup in a text would change."""
    return [(str(node.tag), tuple(sorted(node.attrib))) for node in root.iter()]


@pytest.mark.parametrize("words", MARKUP)
@pytest.mark.parametrize("field", FIELDS)
def test_markup_stays_text(field: str, words: str, tmp_path: Path) -> None:
    """Whatever a packet says where, the page has the elements that it has with letters there, and is valid."""
    roots = []
    for said in (words, LETTERS.sub("x", words)):
        (tmp_path / "x.pcap").write_bytes(pcap(parse(FIELDS[field](said))))
        page = made(tmp_path / "x.html", tmp_path / "x.pcap")
        roots.append(skeleton(parsed(page)))
        assert len(every(parsed(page), "script")) == 1
    assert roots[0] == roots[1]


def test_a_file_name_stays_text(tmp_path: Path) -> None:
    """Of a name that turns text around, and of one that is markup, the characters are shown."""
    for name in ("<img src=x onerror=alert(1)>.pcap", "gpj.\u202egnp.pcap", "a\x1b[31m\u200bb.pcap", "b\"'`&.pcap"):
        capture = tmp_path / name
        capture.write_bytes(RESET.read_bytes())
        page = made(tmp_path / "x.html", capture)
        root = parsed(page)
        assert not every(root, "img")
        assert safe(name) in text(root)
        assert all(line == safe(line) for line in page.read_text(encoding="utf-8").splitlines())


# -- sizes -------------------------------------------------------------------------------------------------------------


def many(number: int, name: str = "host{}.example", per_name: int = 1) -> str:
    """So many connections that are reset after the request, one after the other."""
    lines = [f"name c{at} client 192.0.2.10:{1024 + at} server 198.51.100.20:80" for at in range(number)]
    for at in range(number):
        host = name.format(at // per_name)
        lines += [
            f"{at}.000 c{at} > S 0:0(0)",
            f"{at}.010 c{at} < S. 0:0(0) ack 1",
            f"{at}.020 c{at} > . 1:1(0) ack 1",
            f"{at}.030 c{at} > P. 1:400(399) ack 1 http GET /some/path/to/a/module/@v/list host {host} head 399",
            f"{at}.040 c{at} < R. 1:1(0) ack 400",
        ]
    return "\n".join(lines)


def test_a_thousand_failures_fit(tmp_path: Path) -> None:
    """A page of 1,000 failures, each of another kind of its own, stays below 1.5 MB, with a row for each."""
    (tmp_path / "x.pcap").write_bytes(pcap(parse(many(1000))))
    page = made(tmp_path / "x.html", tmp_path / "x.pcap")
    assert page.stat().st_size < 1_500_000
    root = parsed(page)
    assert "1,000 fetches failed, all for one reason: the server resets instead of answering (at 1,000 places)" in text(
        every(root, "h1")[0]
    )
    assert f"And {1000 - MOST_GROUPS:,} more reasons, for {1000 - MOST_GROUPS:,} fetches." in text(root)
    assert len([node for node in every(root, "tbody") if node.attrib.get("class") == "failed"]) == 1000
    assert len(every(root, "svg")) > MOST_GROUPS


def test_what_is_not_listed_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more fetches than a page takes, each reason has some, and the page says how many are not listed."""
    monkeypatch.setattr(gather, "MOST_LISTED", 8)
    monkeypatch.setattr(gather, "MOST_DRAWN", 3)
    (tmp_path / "x.pcap").write_bytes(pcap(parse(many(40, per_name=10))))
    root = parsed(made(tmp_path / "x.html", tmp_path / "x.pcap"))
    (table,) = [each for each in every(root, "table") if "fetches" in each.attrib.get("class", "")]
    assert "8 of 40 fetches" in text(every(table, "caption")[0])
    for host in range(4):
        assert f"host{host}.example" in text(table)
    assert [text(each) for each in every(root, "p") if each.attrib.get("class") == "count"] == ["10 fetches"] * 4


def test_more_reasons_than_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A capture with a name in every connection: beyond a number, fetches are counted together."""
    monkeypatch.setattr(grouping, "MAX_GROUPS", 3)
    (tmp_path / "x.pcap").write_bytes(pcap(parse(many(10))))
    root = parsed(made(tmp_path / "x.html", tmp_path / "x.pcap"))
    counts = [text(each) for each in every(root, "p") if each.attrib.get("class") == "count"]
    assert counts == ["1 fetch"] * 3
    assert "All 10 fetches failed, all for one reason" in text(every(root, "h1")[0])
    assert "And further reasons, for 7 fetches." in text(root)
    places = [text(each) for each in every(root, "p") if each.attrib.get("class") == "place"]
    assert places == [f"host{at}.example:80" for at in range(3)]


def test_many_fetches_of_one_connection(tmp_path: Path) -> None:
    """Each of thirty failures on one connection has its row; the packets are looked at for a few of them only."""
    turns = [turn for at in range(30) for turn in (request(f"p{at}"), response("No"))]
    (tmp_path / "x.pcap").write_bytes(pcap(parse(conversation(*turns))))
    root = parsed(made(tmp_path / "x.html", tmp_path / "x.pcap"))
    assert "All 30 fetches failed, all for one reason" in text(every(root, "h1")[0])
    ladders = [node for node in every(root, "svg") if node.attrib.get("class") == "ladder"]
    assert len(ladders) == gather.MOST_OF_CONNECTION


# -- the command -------------------------------------------------------------------------------------------------------


def test_a_rerun_is_the_same(tmp_path: Path) -> None:
    """Byte for byte."""
    first, again = (made(tmp_path / name, SAMPLES).read_bytes() for name in ("a.html", "b.html"))
    assert first == again


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert run(["report", *map(str, arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_a_file_is_not_written_over_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor is a capture, asked or not; with --force the new page takes the old one's place at once."""
    target, capture = tmp_path / "x.html", tmp_path / "x.pcap"
    target.write_text("mine")
    capture.write_bytes(RESET.read_bytes())
    assert "--force" in refused(capsys, capture, "-o", target)
    assert "is a file that is read" in refused(capsys, capture, "-o", capture, "--force")
    assert refused(capsys, tmp_path / "missing.pcap", "-o", target, "--force")
    assert target.read_text() == "mine"
    before = target.stat().st_ino
    made(target, capture)
    assert target.stat().st_ino != before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.html", "x.pcap"]


def test_where_nothing_can_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A directory that is missing, or one in place of a file, is an error that names the target."""
    for target in (tmp_path / "missing" / "x.html", tmp_path, "/proc/x.html"):
        assert f"cannot write `{target}`" in refused(capsys, RESET, "-o", target, "--force")
    assert list(tmp_path.iterdir()) == []


def test_what_must_be_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Captures, and where the page goes; standard input cannot be read twice."""
    assert "no capture given" in refused(capsys)
    assert "-o report.html" in refused(capsys, RESET)
    assert "twice" in refused(capsys, "-", "-o", "x.html")


def test_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    """`-o -`: the page and nothing else; the line with the result goes to standard error."""
    assert run(["report", str(RESET), "-o", "-"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("<!DOCTYPE html>")
    assert out.endswith("</html>\n")
    assert err == "note: The one fetch in this capture failed: a reset answers the ClientHello (www.lab.example:443)\n"


def test_without_jinja(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The package is optional: an error says how to get it, before anything is read."""
    page_module._environment.cache_clear()
    monkeypatch.setitem(sys.modules, "jinja2", None)
    err = refused(capsys, RESET, "-o", tmp_path / "x.html")
    assert "pip install 'whyfetch[report]'" in err


def test_an_anonymous_page_names_nobody(tmp_path: Path) -> None:
    """No name, no address but those for documentation, no path; the verdicts and the packets are the same."""
    page = made(tmp_path / "x.html", "--anonymise", SAMPLES)
    words = text(parsed(page))
    for secret in ("lab.example", "lab", "curl-", "/missing", str(SAMPLES)):
        assert secret not in words.replace("label", "").replace("available", "")
    assert "host1.example" in words
    assert len(every(parsed(page), "tbody")) > 292


def test_what_was_captured_twice_counts_once(tmp_path: Path) -> None:
    """Of a fetch on both sides of a NAT the page has one row, and says so."""
    case = Path(__file__).resolve().parents[2] / "cases" / "nat-twins.pkt"
    (tmp_path / "x.pcap").write_bytes(pcap(load(case)))
    root = parsed(made(tmp_path / "x.html", tmp_path / "x.pcap"))
    rows = [node for node in every(root, "tbody") if "data-t" in node.attrib]
    assert len(rows) == 1
    assert "1 fetch captured on both sides of a NAT, counted and shown once." in text(root)


def test_what_a_retry_mended_is_said(pages: dict[str, Path]) -> None:
    """A manager wants to know whether it went well in the end."""
    assert "Of the failures, 9 recovered by a retry and 10 fell back" in text(parsed(pages["all"]))
