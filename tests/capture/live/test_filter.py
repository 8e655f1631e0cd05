"""Capture filters are compiled before a capture begins, and an error is told with its place."""

import shutil

import pytest

from analyzer.capture.live import filter as bpf
from analyzer.errors import SourceError


def compilers():
    """What compiles filters here: libpcap's library, tcpdump."""
    found = []
    try:
        bpf.compiler.cache_clear()
        found.append(bpf.compiler())
    except SourceError:
        return []
    tcpdump = shutil.which("tcpdump")
    return [*found, bpf._by_tcpdump(tcpdump)] if tcpdump else found


@pytest.fixture(params=["libpcap", "tcpdump"])
def each(request, monkeypatch):
    """Each of them in turn."""
    found = compilers()
    if len(found) < 2:
        pytest.skip("needs libpcap's library and tcpdump: apt-get install tcpdump")
    compiler = found[request.param == "tcpdump"]
    monkeypatch.setattr(bpf, "compiler", lambda: compiler)


@pytest.mark.usefixtures("each")
@pytest.mark.parametrize("link", [1, 101, 276])
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tcp prt 80", "syntax error at character 5 (`prt`)"),
        ("tcp port 80 and", "syntax error at its end (character 16)"),
        ("tcp and (port 80 or port 81", "syntax error at its end (character 28)"),
        ("tcp)", "syntax error at character 4 (`)`)"),
        ("  and tcp", "syntax error at character 3 (`and`)"),
        ("tcp && port && 80", "syntax error at character 13 (`&&`)"),
        ("-w file", "syntax error at character 1 (`-w`)"),
        ("tcp[13 & 2 != 0", "syntax error at character 12 (`!=`)"),
        ("port 80 or port 99999999", "illegal port number 99999999 > 65535 at character 17 (`99999999`)"),
        ("net 10.0.0.0/33 and tcp", "mask length must be <= 32 at character 14 (`33`)"),
        ("tcp port htpt", "unknown port 'htpt' at character 10 (`htpt`)"),
        ("tcp\nport\nx", "unknown port 'x' at character 10 (`x`)"),
        ("tcp\0port", "a zero byte at character 4"),
    ],
)
def test_an_error_has_its_place(text, link, told):
    """libpcap says what is wrong, and not where."""
    with pytest.raises(SourceError) as error:
        bpf.compiled(text, link, 100)
    assert error.value.message.startswith("cannot use the filter")
    assert error.value.message.endswith(f": {told}")
    assert "pcap-filter(7)" in error.value.hint


@pytest.mark.usefixtures("each")
def test_what_only_one_link_type_has():
    """Addresses of Ethernet are no thing of several kinds of interfaces, and that is said."""
    assert bpf.compiled("ether host 02:00:00:00:00:01", 1, 100)
    with pytest.raises(SourceError) as error:
        bpf.compiled("ether host 02:00:00:00:00:01", 276, 100)
    assert "one Ethernet interface" in error.value.hint


@pytest.mark.usefixtures("each")
def test_a_filter_keeps_what_the_snap_length_says():
    """What the program gives back is how many bytes are kept, 0 = the frame is not wanted."""
    program = bpf.compiled("tcp port 80", 1, 77)
    assert {operand for code, _, _, operand in program if code == bpf.RETURN} == {0, 77}
    assert bpf.compiled(" ", 1, 77) == [(bpf.RETURN, 0, 0, 77)]


def test_nothing_to_compile_with(monkeypatch):
    """It is said what to install, and that one can do without."""
    monkeypatch.setattr(bpf, "LIBRARIES", ("libnone.so",))
    monkeypatch.setattr(bpf.shutil, "which", lambda name: None)
    bpf.compiler.cache_clear()
    try:
        with pytest.raises(SourceError, match="neither libpcap nor tcpdump") as error:
            bpf.compiled("tcp", 1, 100)
        assert "apt-get install" in error.value.hint
    finally:
        bpf.compiler.cache_clear()


def test_too_long_a_filter():
    """The kernel takes so many steps and no more; that is said before it refuses."""
    if not compilers():
        pytest.skip("needs libpcap's library or tcpdump: apt-get install tcpdump")
    with pytest.raises(SourceError, match="steps"):
        bpf.compiled(" or ".join(f"tcp[{i}] = {i}" for i in range(1500)), 1, 100)
