"""What outlives a connection: all that rows, groups and findings say of it, in a tenth of its memory.

A flow record, as RFC 7011 2 calls it. Fetches wait for their place in the order of first packets, most of them longer
than their connections last; what they wait with decides how much memory a large capture needs.
"""

from __future__ import annotations

from sys import intern

import cython

from analyzer.fetch.vantage import vantage
from analyzer.model.connection import CLIENT, LONGEST_NS, Connection, Event, Side
from analyzer.model.tls import HEADS, Tls

X25519MLKEM768 = 0x11EC
"""The post-quantum key share (draft-ietf-tls-ecdhe-mlkem): with it a ClientHello needs two segments."""

MAX_SHARED = 4096
"""Values of which one copy serves all flows; a hostile capture may have a new one in every packet."""

_shared: dict[bytes, bytes] = {}
_shared_texts: dict[str, str] = {}


@cython.no_gc
@cython.cclass
class Flow:
    """One connection that is over, as far as anybody asks after its verdicts. Times in ns, 0 = did not happen.

    splits, disputed, ecn  as in Connection, also first_packet, last_packet
    client, server   addresses, 4 or 16 bytes, b"" = unknown; server_ttl: TTL of the SYN-ACK, 0 = unknown
    host             under which address the client asked DNS for the server's: the same host, of the other family; else
                     client
    last_syn         when the client last tried to open it (milestones are capped), else when it began
    refused_time     when it definitely failed, by the server's RST or by ICMP
    to_client        ns from the capture to the client and back: from the SYN-ACK to its ACK (signatures.md 3.2)
    first_close      the first FIN or RST of each side, four instants
    proxied          1 = a prologue was peeled off; tunnel: what a granted CONNECT asked for, "" = there was none;
                     tunnel_login: 1 = with credentials
    tls_version      as negotiated, 0 = unknown, -1 = there was no ClientHello; ciphers: the offer, two bytes each
    decrypted        what keys opened of it: no | handshake | heads, "" = no TLS; keys: log | file, where they are from
    post_quantum     1 = the ClientHello had an X25519MLKEM768 key share
    """

    def __init__(self, connection: Connection) -> None:
        client: Side = connection.client
        server: Side = connection.server
        self.stream = connection.stream
        self.splits, self.disputed = connection.splits, connection.disputed
        self.client, self.client_port = shared(client.address), client.port
        self.host = self.client
        self.server, self.server_port, self.server_ttl = shared(server.address), server.port, server.ttl
        self.first_packet, self.last_packet = connection.first_packet, connection.last_packet
        self.last_time = connection.last_time
        self.midstream = connection.midstream
        self.established_time = connection.established_time
        self.last_syn = connection.first_time if client.bytes else last_syn(connection)
        self.ecn = connection.ecn
        self.refused_time = connection.last_time if server.rst_packet or connection.icmps else 0
        self.to_client = connection.established_time - server.syn_time
        if server.syn_time == 0 or self.to_client < 0:
            self.to_client = 0
        self.to_client = min(self.to_client, LONGEST_NS)
        self.client_fin, self.client_rst = client.fin_time, client.rst_time
        self.server_fin, self.server_rst = server.fin_time, server.rst_time
        self.client_syns = client.syns
        self.client_bytes, self.server_bytes = client.bytes, server.bytes
        self.client_retransmissions, self.server_retransmissions = client.retransmissions, server.retransmissions
        self.vantage = vantage(connection)
        self.proxied = len(connection.via) > 0
        self.tunnel = ""
        self.tunnel_login = 0
        if connection.connect is not None:
            self.tunnel = connection.connect.target
            self.tunnel_login = connection.connect.authorized
        self.tls_version = -1
        self.post_quantum = False
        self.alpn = self.sni = self.decrypted = self.keys = ""
        self.ciphers = b""
        self.certificate: dict[str, str] | None = None
        if connection.tls is not None:
            self.secured(connection.tls)

    def secured(self, tls: Tls) -> None:
        """What its handshake showed."""
        self.tls_version = tls.version
        self.alpn, self.sni, self.ciphers = tls.alpn, intern(tls.sni), shared(tls.ciphers_offer)
        self.certificate = tls.certificate
        self.decrypted = "no"
        if tls.decrypted:
            self.decrypted = "heads" if tls.decrypted == HEADS else "handshake"
            self.keys = tls.keys
        self.post_quantum = X25519MLKEM768 in tls.key_shares

    def over(self, start: cython.longlong) -> cython.longlong:
        """The first FIN or RST after an instant, else the last packet: when the client could know that it had ended."""
        end: cython.longlong = self.last_time
        end = sooner(end, self.client_fin, start)
        end = sooner(end, self.client_rst, start)
        end = sooner(end, self.server_fin, start)
        return sooner(end, self.server_rst, start)


def shared(value: bytes) -> bytes:
    """One object for equal values: an address, or an offer of ciphers, returns in flow after flow."""
    known = _shared.get(value)
    if known is None:
        known = value
        if len(_shared) < MAX_SHARED:
            _shared[value] = value
    return known


def shared_text(value: str) -> str:
    """The same of names."""
    known = _shared_texts.get(value)
    if known is None:
        known = value
        if len(_shared_texts) < MAX_SHARED:
            _shared_texts[value] = value
    return known


def sooner(end: cython.longlong, time: cython.longlong, start: cython.longlong) -> cython.longlong:
    """The earlier of two instants, of which the second counts only if it was not before `start`."""
    return time if start <= time < end else end


def last_syn(connection: Connection) -> cython.longlong:
    """When the client last tried to open the connection (as far as milestones go: their number is capped)."""
    mark: Event
    time: cython.longlong = connection.first_time
    for mark in connection.milestones:
        if mark.side == CLIENT and mark.what == "syn":
            time = mark.time
    return time
