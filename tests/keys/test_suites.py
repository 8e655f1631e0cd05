"""Which suites are opened, and that no other is taken for one of them."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from analyzer.keys.suites import CBC, CCM, CHACHA, GCM, SUITES, suite_of, unsupported

NAME = re.compile(
    r"(?:TLS_.*WITH_|TLS_)(?:AES_(?P<bits>128|256)_(?P<mode>GCM|CCM_8|CCM|CBC)|CHACHA20_(?P<chacha>POLY1305))"
    r"(?:_SHA(?P<hash>|256|384))?"
)
MODES = {"GCM": GCM, "CCM": CCM, "CCM_8": CCM, "CBC": CBC, None: CHACHA}


def wireshark() -> dict[int, str]:
    """Names of suites by code."""
    values = subprocess.run(["tshark", "-G", "values"], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^V\ttls\.handshake\.ciphersuite\t(\d+)\t(\S+)$", values, re.MULTILINE)
    return {int(code): name for code, name in found}


@pytest.mark.tshark
@pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark: `apt-get install tshark`")
def test_suites_are_what_their_names_say() -> None:
    """By Wireshark's names: cipher, key, hash and tag; and of suites with our ciphers there are all.

    But for those of ECCPWD and ECJPAKE, which nobody uses, and drafts of ChaCha20."""
    names = wireshark()
    assert len(names) > 300
    for code, suite in SUITES.items():
        found = NAME.fullmatch(names[code])
        assert found is not None, names[code]
        assert suite.cipher == MODES[found["mode"]]
        assert suite.key == (32 if found["chacha"] else int(found["bits"]) // 8)
        assert suite.tag == (8 if found["mode"] == "CCM_8" else 16)
        assert suite.prf == ("sha384" if found["hash"] == "384" else "sha256")
        assert suite.mac == (f"sha{found['hash'] or '1'}" if suite.cipher == CBC else "")
    others = {code for code, name in names.items() if NAME.fullmatch(name)} - SUITES.keys()
    assert others == {*range(0xC0B0, 0xC0B4), 0xC0FF, *range(0xCC13, 0xCC16)}


@pytest.mark.tshark
@pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark: `apt-get install tshark`")
def test_others_are_named_by_their_cipher() -> None:
    """RC4, 3DES, DES, Camellia, ARIA, SEED, SM4 and none at all; of rarer ones the number is told."""
    words = {"RC4": "RC4", "3DES": "3DES", "DES": "DES", "CAMELLIA": "Camellia", "ARIA": "ARIA", "SEED": "SEED",
             "NULL": "no encryption"}  # fmt: skip
    for code, name in wireshark().items():
        found = re.search(r"_WITH_(RC4|3DES|DES|CAMELLIA|ARIA|SEED|NULL)(?:40)?_", name)
        if code > 0xD005 or found is None or "GOSTR" in name or "FORTEZZA" in name:
            continue
        assert suite_of(0x0303, code) is None
        assert unsupported(0x0303, code) == f"{words[found[1]]} (0x{code:04x})", name


def test_versions() -> None:
    """A suite is one of its version's; the hash of TLS 1.2's CBC suites is not there before it."""
    assert suite_of(0x0304, 0x1301) is not None
    assert suite_of(0x0303, 0x1301) is None
    assert suite_of(0x0304, 0xC02F) is None
    assert unsupported(0x0304, 0xC02F) == "suite 0xc02f in TLS 1.3"
    assert suite_of(0x0301, 0xC013) is not None
    assert suite_of(0x0302, 0xC027) is None
    assert unsupported(0x0302, 0xC027) == "suite 0xc027 in TLS 1.1"
    assert (unsupported(0x0300, 0x002F), unsupported(0x7F1C, 0x1301)) == ("SSL 3.0", "version 0x7f1c")
    assert unsupported(0x0303, 0xFEFE) == "suite 0xfefe"
