"""What keys open is shown as plain HTTP is: nothing secret of it reaches any output (tests/test_nothing_leaks.py)."""

from __future__ import annotations

from pathlib import Path

import pytest
import test_nothing_leaks as outside
from support import recording
from support.incomplete import compiled
from support.planted import Planted, leaks
from support.tls_twins import SUITES
from support.twin_rows import fetches
from support.twins import twin

from analyzer.cli.app import run
from analyzer.pkt.timeline import parse

NAMES = ["answered", "unauthorized", "unavailable", "torn", "moved", "silent", "odd chunks", "garbage", "websocket",
         "HTTP/2", "tunnel refused", "unknown method"]  # fmt: skip


def secured(name: str, folder: Path, suite: str) -> tuple[Planted, Path, Path]:
    """What is planted, the capture with it inside TLS, and the keys."""
    words = Planted()
    plain = compiled(parse(outside.SCENARIOS[name](words)))
    inside, key_log = twin(plain, fetches(plain), SUITES[suite])
    capture, keys = folder / "x.pcapng", folder / "x.keys"
    capture.write_bytes(recording.pcapng(inside))
    keys.write_bytes(key_log)
    return words, capture, keys


@pytest.mark.parametrize("suite", ["tls13-aes256-gcm", "tls12-aes128-cbc"])
@pytest.mark.parametrize("name", NAMES)
def test_no_secret_of_what_keys_open_is_in_any_output(
    name: str, suite: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cookies, credentials, bodies and queries inside TLS, and no key either; what rows are for is there."""
    words, capture, keys = secured(name, tmp_path, suite)
    monkeypatch.chdir(tmp_path)
    text = ""
    for options in (["--keylog", str(keys)], ["--debug", "--keylog", str(keys)]):
        for form in ("csv", "jsonl", "github", "gitlab", "junit", "markdown", "sarif"):
            run([*options[:-2], "classify", "--all", "--format", form, *options[-2:], str(capture)])
            text += "".join(capsys.readouterr())
        run([*options[:-2], "show", *options[-2:], str(capture), "1"])
        run([*options[:-2], "report", *options[-2:], "-o", "-", str(capture)])
        text += "".join(capsys.readouterr())
    assert "heads" in text
    if name not in ("silent", "torn", "moved", "answered"):  # some of these never say the path
        assert words.open.keys() - set(leaks(words.open, text)) <= {"path", "reason", "host"}
    assert leaks(words.secrets, text) == []
    secrets = {line.split()[2] for line in keys.read_text().splitlines() if line and line[0] != "#"}
    assert secrets
    assert not [secret for secret in secrets if secret[:24] in text.lower()]


@pytest.mark.parametrize("name", NAMES)
def test_a_case_of_what_keys_open_holds_none_of_it(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`case` and anonymous pages of a capture that brings its keys: neither secrets nor what rows show."""
    words, capture, keys = secured(name, tmp_path, "tls13-aes256-gcm")
    own = recording.recorded(capture)
    capture.write_bytes(recording.pcapng(recording.Recording(own.link, own.frames, keys.read_bytes())))
    case = outside.cases(capture, capsys)
    assert case
    assert leaks({**words.secrets, **words.open}, case) == []
