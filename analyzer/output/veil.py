"""What a reader may see of names, addresses, targets and words: all that rows show, or what a case shows of it."""

from __future__ import annotations

# not compiled: runs for the fetches of one page
from ipaddress import ip_address

from analyzer.output.anonymous import Pseudonyms, method, shape
from analyzer.output.words import address
from analyzer.text import safe

FOUR = ("192.0.2.", "198.51.100.", "203.0.113.")
"""Networks for documentation (RFC 5737), 254 addresses each; further ones get numbers in 2001:db8::/32 (RFC 3849)."""


class Veil:
    """Shows everything that rows show; text from packets is escaped."""

    hides = False

    def name(self, name: str) -> str:
        """A host name, perhaps with a port."""
        return safe(name)

    def address(self, raw: bytes) -> str:
        """An IP address, "" = unknown."""
        return address(raw)

    def method(self, method: str) -> str:
        """The method of a request."""
        return safe(method)

    def target(self, method: str, target: str) -> str:
        """What may be shown of the target of a request with that method."""
        return safe(target)

    def words(self, frame: str, words: str) -> str:
        """Words of a server in a frame of ours, which has `{}` where they stand; "" where there are none."""
        return frame.format(safe(words)) if words else ""

    def file(self, path: str) -> str:
        """The name of a capture."""
        return safe(path)


class Anonymous(Veil):
    """Shows known words, numbers and lengths, as a case does (output/anonymous.py); the same name the same way."""

    hides = True

    def __init__(self) -> None:
        self.names = Pseudonyms()
        self.addresses: dict[bytes, str] = {b"": ""}
        self.files: dict[str, str] = {}

    def name(self, name: str) -> str:
        """`host1.example`; an address in place of a name stays one."""
        try:
            return self.address(ip_address(name.strip("[]")).packed)
        except ValueError:
            return self.names.of(name) if name else ""

    def address(self, raw: bytes) -> str:
        """One that is reserved for documentation, of the same family as long as there are any."""
        known = self.addresses.get(raw)
        if known is None:
            at = len(self.addresses) - 1
            net, host = divmod(at, 254)
            four = len(raw) == 4 and net < len(FOUR)
            known = f"{FOUR[net]}{host + 1}" if four else f"2001:db8::{at + 1:x}"
            self.addresses[raw] = known
        return known

    def method(self, method_: str) -> str:
        """One that is in use, else its length."""
        return method(method_)

    def target(self, method_: str, target: str) -> str:
        """Its shape."""
        return self.name(target) if method_ == "CONNECT" else shape(target)

    def words(self, frame: str, words: str) -> str:
        """Nothing of them."""
        return frame.split("{}")[0].rstrip(": ")

    def file(self, path: str) -> str:
        """`capture1`."""
        return self.files.setdefault(path, f"capture{len(self.files) + 1}")


OPEN = Veil()
