"""What is visible of a TLS handshake, and of the records after it. C types are in tls.pxd."""

from __future__ import annotations

from typing import Any

import cython

MAX_RECORDS = 32
"""TLS records kept per side: a handshake and the first exchange need fewer, bulk data must not cost memory."""
LATE_RECORDS = 16
"""The newest records kept besides per side: the last request of a kept-alive connection, whatever came before it."""
HANDSHAKE_ONLY, HEADS = 1, 2
"""What keys have opened: records of the handshake, or what the connection carries."""
NOTHING: list[Any] = []
"""What has nothing in it yet, of all that will be given another list: nothing is added to this one."""


class Record:
    """A TLS record seen from outside: type, body length, offsets [start, end), and the segment that began it.

    ack is the offset of the peer's stream which that segment acknowledged; complete 0 = its last byte was not seen.
    """

    def __init__(self, kind: cython.int, length: cython.int, start: cython.longlong) -> None:
        self.restart(kind, length, start)

    def restart(self, kind: cython.int, length: cython.int, start: cython.longlong) -> None:
        """Describe another record with the same object: bulk data makes no objects."""
        self.kind = kind
        self.length = length
        self.start = start
        self.end = start + 5 + length
        self.packet = self.time = self.last_packet = self.last_time = 0
        self.ack = -1
        self.complete = 0

    def copy(self) -> Record:
        """Another object that says the same: a walk uses its own again."""
        copied = Record(self.kind, self.length, self.start)
        copied.end = self.end
        copied.packet, copied.time, copied.ack = self.packet, self.time, self.ack
        copied.last_packet, copied.last_time, copied.complete = self.last_packet, self.last_time, self.complete
        return copied


@cython.no_gc
@cython.cclass
class Alert:
    """A TLS alert; level and code are -1 when it is encrypted."""

    def __init__(self, side: cython.int, level: cython.int, code: cython.int, record: Record) -> None:
        self.side = side
        self.level = level
        self.code = code
        self.record = record


@cython.no_gc
@cython.cclass
class Tls:
    """What is visible of one TLS handshake, and of the records after it.

    hello_*           the client's first ClientHello: packet and time of its first byte, offsets; hello_complete 1 = all
    hellos            ClientHellos seen (2 after a HelloRetryRequest, `retry_request` = 1)
    sni, alpn_offer, versions_offer, groups_offer, key_shares, ciphers_offer (two bytes each): the offer, without GREASE
                      values (RFC 8701); alpn: the answer (TLS <= 1.2)
    client_version    the hello's legacy_version; session_echo 1 = the server repeated the client's session id
    server_hello_*    the real ServerHello (not a HelloRetryRequest)
    version           0x0300..0x0304 as negotiated, 0 = unknown
    ticket            1 = the client offered a session ticket (RFC 5077)
    done_1_2          1.2 and older: bits 1 = client's CCS + Finished, 2 = server's CCS + Finished
    hello_done_packet/time  1.2: ServerHelloDone
    client_finished, server_finished  the first handshake record after that side's CCS; of 1.3 known by keys alone
    psk_modes         1 = the client offered psk_key_exchange_modes, without which no ticket is of use (RFC 8446 4.2.9)
    certificate_asked 1 = 1.2 and older: CertificateRequest; certificate_empty 1 = the client answered it with none
    client_records, server_records   first MAX_RECORDS records of each side; *_late the newest LATE_RECORDS behind them
                      (a ring whose objects are used again as the stream goes on); *_count all; *_last the newest,
                      *_prior the one before it
    reply             bytes the server sent instead of TLS (first 64), b"" = none
    lost              record boundaries were lost (capture loss, snaplen, malformed): 1 client's, 2 server's, 3 both
    *_blind_from, *_blind_to  offsets between which boundaries are unknown: where they were lost first, and where they
                      were found again last (NEVER = not yet); -1 = nowhere
    hole              1 = bytes of a handshake message are missing, the record boundaries are not
    decrypted         0 = nothing, HANDSHAKE_ONLY, HEADS; idle: 1 = a tunnel began inside, and nothing came through it
    keys              log | file = where they are from, missing = there are some but not of this connection,
                      unsupported = they are of a suite or version that is not, "" = there are none
    malformed         what was malformed, "" = nothing
    certificate       facts of the leaf (layer/tls/certificate.py) where readable, else None
    """

    def __init__(self) -> None:
        self.hello_packet = self.hello_time = self.hello_end_packet = self.hello_end_time = 0
        self.hello_start = self.hello_end = -1
        self.hello_complete = self.hellos = self.hello_size = self.retry_request = 0
        self.hello_record_version = 0
        self.sslv2 = 0
        self.sni = ""
        self.alpn = ""
        self.alpn_offer: list[str] = NOTHING
        self.versions_offer: list[int] = NOTHING
        self.groups_offer: list[int] = NOTHING
        self.key_shares: list[int] = NOTHING
        self.ciphers_offer = b""
        self.early_data = self.psk = self.ech = self.ticket = self.psk_modes = 0
        self.certificate_asked = self.certificate_empty = 0
        self.session_id = b""
        self.client_version = self.session_echo = 0
        self.server_hello_packet = self.server_hello_time = 0
        self.server_hello_start = -1
        self.version = self.cipher = 0
        self.resumed = 0
        self.done_1_2 = 0
        self.client_ccs = self.server_ccs = -1
        self.hello_done_packet = self.hello_done_time = 0
        self.certificate_packet = 0
        self.certificate: dict[str, str] | None = None
        self.alerts: list[Alert] = []
        self.client_records: list[Record] = []
        self.server_records: list[Record] = []
        self.client_late: list[Record] = []
        self.server_late: list[Record] = []
        self.client_count = self.server_count = 0
        nobody: Record | None = None
        self.client_last = self.server_last = self.client_prior = self.server_prior = nobody
        self.client_finished = self.server_finished = nobody
        self.reply = b""
        self.reply_packet = self.reply_time = 0
        self.lost = self.hole = self.decrypted = self.idle = 0
        self.keys = ""
        self.client_blind_from = self.client_blind_to = self.server_blind_from = self.server_blind_to = -1
        self.malformed = ""
