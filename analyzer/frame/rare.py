# not compiled: all the time goes into scapy
"""Link types that only scapy dissects: about a thousand times slower than the rest, so imported and used only then."""

from __future__ import annotations

from importlib.util import find_spec

from analyzer.errors import how_to_install

MODULES = ("l2", "inet", "inet6", "ppp", "pflog", "sixlowpan", "bluetooth", "can", "usb")
"""Modules of scapy.layers that register link types; scapy.all would load ten times as much."""


class Rare:
    """Scapy's dissectors for link types unknown to `link.Link`."""

    def __init__(self) -> None:
        self.layers: dict[int, object] = {}

    def knows(self, link: int) -> bool:
        """Whether scapy has a dissector for this LINKTYPE_ number."""
        if link not in self.layers:
            self.layers[link] = find_layer(link)
        return self.layers[link] is not None

    def hint(self) -> str:
        """What to do about a link type that is not known."""
        return "" if find_spec("scapy") else f"; scapy may know it: {how_to_install('scapy')}"

    def dissect(self, link: int, frame: bytes) -> bytes:
        """The outermost IP packet inside the frame, b"" if there is none or scapy fails on it."""
        try:
            return outermost_ip(self.layers[link](frame))  # type: ignore[operator]
        except Exception:  # scapy raises anything from struct.error to RecursionError on hostile bytes
            return b""


def find_layer(link: int) -> object:
    """Scapy's class for a link type, or None; also None where scapy is damaged or absent."""
    try:
        import logging  # here, because it takes 15 ms
        from importlib import import_module

        logging.getLogger("scapy").setLevel(logging.CRITICAL)
        for name in MODULES:
            import_module(f"scapy.layers.{name}")
        from scapy.config import conf

        return conf.l2types.num2layer.get(link)  # type: ignore[no-any-return]
    except Exception:
        return None


def outermost_ip(packet: object) -> bytes:
    """The bytes from the first IP header on."""
    layer = packet
    while layer is not None and type(layer).__name__ != "NoPayload":
        if type(layer).__name__ in ("IP", "IPv6"):
            return bytes(layer.original)  # type: ignore[attr-defined]
        layer = layer.payload  # type: ignore[attr-defined]
    return b""
