"""How Wireshark is asked: what misbehaves is stopped and said, what is private stays so."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from opinion.conftest import ROOT

from analyzer.capture import expand
from analyzer.errors import UsageError
from analyzer.fetch.model import Fetch
from analyzer.opinion import wireshark as module
from analyzer.opinion.check import opinions
from analyzer.opinion.facts import Stated
from analyzer.opinion.fields import FIELDS, OLDEST
from analyzer.opinion.wireshark import OpinionError, Wireshark

SAMPLE = ROOT / "samples" / "tls-failure" / "curl-unknown-ca.pcap"
READ = 'case "$*" in *pdml*) ;; *) exit 0;; esac\n'
"""The rest is done when pyshark reads, and not when it asks for something else."""

StandIn = Callable[..., Path]


def fetch() -> Fetch:
    import analyzer

    return next(iter(analyzer.read(SAMPLE)))


def ask() -> None:
    (source,) = expand([str(SAMPLE)])
    opinions(Wireshark("--check"), source, [Stated(fetch())])


def test_no_tshark(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what asks for it, and how to install it."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(module, "PLACES", ())
    with pytest.raises(UsageError, match="`--check` asks Wireshark, and there is no `tshark`") as raised:
        Wireshark("--check")
    assert "apt-get install tshark" in (raised.value.hint or "")


def test_no_pyshark(monkeypatch: pytest.MonkeyPatch) -> None:
    """Likewise; pyshark is in an extra."""
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match="pyshark, which is not installed") as raised:
        Wireshark("--check")
    assert raised.value.hint == "`pip install 'whyfetch[tshark]'`"


def test_old(stand_in: StandIn) -> None:
    """A tshark without a field that nothing can be compared without is refused."""
    stand_in(version="2.6.20", fields="tcp.flags tcp.len")
    with pytest.raises(UsageError, match=f"tshark 2.6.20 is too old: it has no field `{OLDEST}`"):
        Wireshark("--check")


def test_no_tshark_at_all(stand_in: StandIn) -> None:
    """Something else of that name says no version."""
    path = stand_in()
    path.write_text("#!/bin/sh\necho hello\n")
    with pytest.raises(UsageError, match="says no version"):
        Wireshark("--check")


def test_that_does_not_run(stand_in: StandIn) -> None:
    """One that fails is said to do so."""
    path = stand_in()
    path.write_text("#!/bin/sh\nexit 7\n")
    with pytest.raises(UsageError, match="does not run"):
        Wireshark("--check")


def test_a_field_that_this_version_lacks_is_not_asked_for(stand_in: StandIn) -> None:
    """What it has is asked once, and kept by version."""
    path = stand_in(version="4.9.1", fields=" ".join(FIELDS.keys() - {"tls.record.opaque_type"}))
    assert Wireshark("--check").missing == {"tls.record.opaque_type"}
    path.write_text(path.read_text().replace("-G)", "--nothing)"))  # it would have no field now
    assert Wireshark("--check").missing == {"tls.record.opaque_type"}
    stand_in(version="4.9.2")
    assert Wireshark("--check").missing == set()


def test_a_cache_that_holds_something_else_is_not_believed(stand_in: StandIn, tmp_path: Path) -> None:
    """It is asked anew, and written anew; a folder that cannot be written to does not matter."""
    stand_in(version="4.9.3")
    kept = tmp_path / "cache" / "whyfetch" / "tshark-4.9.3.json"
    kept.parent.mkdir(parents=True)
    for text in ("[]", "{", '{"asked": []}', json.dumps({"asked": ["tcp.flags"], "known": []})):
        kept.write_text(text)
        assert Wireshark("--check").missing == set()
    assert set(json.loads(kept.read_text())["known"]) == set(FIELDS)


def test_one_that_hangs_is_stopped(stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At its deadline, with all that it started."""
    stand_in(f"{READ}echo $$ > {tmp_path}/pid\nexec sleep 600")
    for limit in ("DEADLINE_S", "PACKETS_PER_S", "MARKED_PER_S"):
        monkeypatch.setattr(module, limit, 2 if limit == "DEADLINE_S" else 1e9)
    with pytest.raises(OpinionError, match=r"tshark 4.9.9 did not finish within 2 s, and was stopped"):
        ask()
    status = Path("/proc", (tmp_path / "pid").read_text().strip(), "stat")
    for _ in range(100):
        if not status.exists() or status.read_text().split()[2] == "Z":  # nobody collects it in a container
            return
        time.sleep(0.1)
    pytest.fail("it still runs")


@pytest.mark.parametrize("end", ["exit 2", "kill -SEGV $$", "exit 0"])
def test_one_that_crashes(stand_in: StandIn, end: str) -> None:
    """Packets are missing then, however it ended; what it said last is told."""
    stand_in(f"{READ}echo '<pdml>'; echo 'dissector bug' >&2; {end}")
    with pytest.raises(OpinionError, match=r"gave up after 0 of 3 packets: dissector bug$"):
        ask()


def test_one_that_says_nonsense(stand_in: StandIn) -> None:
    """What is no PDML is no answer."""
    stand_in(f"{READ}yes '<packet><proto name=\"geninfo\"></proto></packet>' | head -c 100000")
    with pytest.raises(OpinionError, match="gave up after 0 of 3 packets"):
        ask()


def test_nothing_of_the_user_is_read(stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No profile, no plugins, no `config.ini` of the current folder; two passes, no name lookups, memory is limited."""
    stand_in(
        f'{READ}env > {tmp_path}/env; echo "$@" > {tmp_path}/said; pwd > {tmp_path}/place; ulimit -v > {tmp_path}/most'
    )
    monkeypatch.setenv("WIRESHARK_PLUGIN_DIR", "/somewhere")
    (tmp_path / "config.ini").write_text("[tshark]\ntshark_path = /bin/false\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OpinionError):
        ask()
    found = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines() if "=" in line)
    place = (tmp_path / "place").read_text().strip()
    assert found["HOME"] == place != str(tmp_path)
    assert found["WIRESHARK_CONFIG_DIR"] == f"{place}/profile"
    assert "WIRESHARK_PLUGIN_DIR" not in found
    assert {"-n", "-2"} <= set((tmp_path / "said").read_text().split())
    assert int((tmp_path / "most").read_text()) == module.MEMORY // 1024
    assert not Path(place).exists()


@pytest.mark.tshark
def test_one_fetch_alone(wireshark: Wireshark) -> None:
    """As `show` asks: all agrees, nothing is left out."""
    (source,) = expand([str(SAMPLE)])
    (opinion,) = opinions(wireshark, source, [Stated(fetch())])
    assert (opinion.agreed, opinion.asked, opinion.differences, opinion.unasked) == (20, 20, [], {})
