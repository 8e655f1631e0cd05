"""The page in Chromium: drawn in both widths and colour schemes, it asks nobody for anything, and its script works."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.chromium import Chromium, program
from support.pages import every, made, parsed, text

from analyzer.pkt.build import pcap
from analyzer.pkt.timeline import parse

pytest.importorskip("jinja2", reason="pip install jinja2")
BROWSER = program()
pytestmark = pytest.mark.skipif(BROWSER is None, reason="needs Chromium: apt install chromium-headless-shell")
SAMPLES = Path(__file__).resolve().parents[3] / "samples"


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    """One for all tests."""
    assert BROWSER is not None
    with Chromium(BROWSER) as chromium:
        yield chromium


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page about all samples."""
    return made(tmp_path_factory.mktemp("page") / "x.html", SAMPLES)


SEEN = "document.body.innerText"
ROWS = "[...document.querySelector('.fetches').tBodies].filter(row => !row.hidden).length"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits_and_is_quiet(browser: Chromium, page: Path, width: int, dark: bool) -> None:
    """No request leaves the page, nothing is complained of, and nothing is wider than the window."""
    browser.open(page, width=width, dark=dark)
    assert browser.requests == []
    assert browser.errors == []
    assert browser.run("document.documentElement.scrollWidth") == width
    ground = browser.run("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(15, 19, 24)" if dark else "rgb(255, 255, 255)")


def test_long_names_fit(browser: Chromium, tmp_path: Path) -> None:
    """A name of 253 characters, the longest that DNS has, is wrapped on a telephone."""
    name = ".".join(["a" * 62] * 4)
    lines = f"name r client 192.0.2.10:40000 server 192.0.2.53:53\n0 r > dns A {name}\n1 r < dns A {name} nxdomain"
    (tmp_path / "x.pcap").write_bytes(pcap(parse(lines)))
    browser.open(made(tmp_path / "x.html", tmp_path / "x.pcap"), width=390)
    assert name in browser.run(SEEN)
    assert browser.run("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("policy", ["default-src 'none'", "sandbox; default-src 'none'"])
def test_it_is_complete_without_style_and_script(browser: Chromium, page: Path, policy: str) -> None:
    """Where a server forbids style and script, as Jenkins does, every reason and every sentence is there to read."""
    browser.open(page, policy=policy)
    assert browser.requests == []
    assert browser.run("getComputedStyle(document.body).maxWidth + getComputedStyle(document.body).margin") == "none8px"
    assert not browser.run("document.querySelectorAll('.copier').length")
    browser.run("document.querySelectorAll('details').forEach(details => { details.open = true })")
    seen = " ".join(browser.run(SEEN).split())
    for heading in every(parsed(page), "h3"):
        assert text(heading) in seen
    for row in every(parsed(page), "tr"):
        if row.attrib.get("class") == "said":
            assert text((every(row, "summary") or [row])[0]).removesuffix(" Packet by packet") in seen


def test_the_filter(browser: Chromium, page: Path) -> None:
    """Words, kinds and times hide rows; Escape and a button bring them back; `/` leads to the field."""
    browser.open(page)
    everything = browser.run(ROWS)
    assert everything == 309
    browser.call("Input.dispatchKeyEvent", type="keyDown", key="/", text="/")
    assert browser.run("document.activeElement.type") == "search"
    for letter in "tls-no-server":
        browser.call("Input.dispatchKeyEvent", type="keyDown", key=letter, text=letter)
    assert 0 < browser.run(ROWS) < 10
    assert browser.run("document.querySelector('output').textContent").endswith("of 309 shown")
    browser.call("Input.dispatchKeyEvent", type="keyDown", key="Escape", code="Escape", windowsVirtualKeyCode=27)
    assert browser.run(ROWS) == everything
    browser.run("document.querySelector('[value=ok]').click()")
    assert browser.run(ROWS) == everything - 111
    browser.run("document.querySelector('[value=ok]').click()")
    browser.run(
        "document.querySelector('.strip a').dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true}))"
    )
    assert 0 < browser.run(ROWS) < everything
    browser.run("document.querySelector('.clear').click()")
    assert browser.run(ROWS) == everything
    assert browser.errors == []


def test_a_drag_over_the_strip(browser: Chromium, page: Path) -> None:
    """Shows what began in that time."""
    browser.open(page)
    browser.run("document.querySelector('.strip').scrollIntoView()")
    x, y, width = browser.run(
        "(b => [b.x, b.y, b.width])(document.querySelector('.strip svg').getBoundingClientRect())"
    )
    for kind, at in (("mousePressed", x + 1), ("mouseMoved", x + width / 3), ("mouseReleased", x + width / 3)):
        browser.call("Input.dispatchMouseEvent", type=kind, x=at, y=y + 20, button="left", buttons=1, clickCount=1)
    assert 1 < browser.run(ROWS) < 309
    assert not browser.run("document.querySelector('.clear').hidden")


def test_columns_sort(browser: Chromium, page: Path) -> None:
    """By what took longest, once more the other way round; the head says which way."""
    browser.open(page)
    took = "[...document.querySelector('.fetches').tBodies].map(row => Number(row.dataset.d))"
    browser.run("document.querySelectorAll('.fetches thead button')[4].click()")
    rising = browser.run(took)
    assert rising == sorted(rising)
    browser.run("document.querySelectorAll('.fetches thead button')[4].click()")
    assert browser.run(took) == rising[::-1]
    assert browser.run("document.querySelector('[aria-sort]').getAttribute('aria-sort')") == "descending"


def test_copying(browser: Chromium, page: Path) -> None:
    """The button gives the Wireshark filter, or the command, to the clipboard; where there is none, to a selection."""
    browser.open(page)
    browser.call("Browser.setPermission", session=None, permission={"name": "clipboard-write"}, setting="granted")
    browser.run("navigator.clipboard.writeText = async text => { window.copied = text }")
    browser.run("document.querySelector('.example .copier').click()")
    browser.run("new Promise(done => setTimeout(done, 50))")
    code = "document.querySelector('.example .copy').textContent"
    assert browser.run("window.copied") == browser.run(code) != ""
    assert browser.run("document.querySelector('.example .copier').textContent") == "Copied"
    browser.run(
        "navigator.clipboard.writeText = async () => { throw new Error('no') }; document.execCommand = () => true"
    )
    browser.run("document.querySelectorAll('.example .copier')[1].click()")
    browser.run("new Promise(done => setTimeout(done, 50))")
    selected = browser.run("getSelection().toString()")
    assert selected == browser.run("document.querySelectorAll('.example .copy')[1].textContent") != ""


def test_a_link_opens_what_it_leads_to(browser: Chromium, page: Path) -> None:
    """From a row to the packets of its fetch, with script and without."""
    browser.open(page)
    browser.run("document.querySelectorAll('.said a')[40].click()")
    browser.run("new Promise(done => setTimeout(done, 50))")
    assert browser.run("document.getElementById(location.hash.slice(1)).closest('details').open")
    top = browser.run("document.getElementById(location.hash.slice(1)).getBoundingClientRect().top")
    assert 0 <= top <= 900


def test_it_prints(browser: Chromium, page: Path) -> None:
    """On paper the controls are gone, and the pictures of the reasons are open."""
    browser.open(page)
    assert browser.call("Page.printToPDF")["data"]
    assert browser.run("[...document.querySelectorAll('.example')].every(details => details.open)")
    browser.call("Emulation.setEmulatedMedia", media="print")
    assert browser.run("getComputedStyle(document.querySelector('.filter')).display") == "none"
    browser.call("Emulation.setEmulatedMedia", media="")
