"""Requests and their responses. C types are in http.pxd."""

from __future__ import annotations

import cython

from analyzer.model.fields import noted

MAX_GARBAGE = 64
"""Bytes kept of an answer that is not of the protocol in which it was asked."""


class Http2:
    """What HTTP/2 adds to an exchange: its stream, and how that was ended otherwise than by END_STREAM (RFC 9113 5.1).

    reset_*    the RST_STREAM that ended it: side that sent it (-1 = nobody), code, packet and time; reset_goaway 1 = it
               was a client's GOAWAY, which ends all streams
    goaway_*   the server's GOAWAY that excludes it, or ends all by an error: last stream taken (-1 = none), code, ...
    asked      1 = the block of the request's fields came; unread 1 = a block was undecodable: request or status unknown
    *_whole    body bytes of DATA frames that are over
    *_window   bytes that the receiver allows beyond those of the connection's settings, less those that were sent
    *_blocked  1 = that side may send no more of this stream: the other does not read it (RFC 9113 5.2)
    untold     1 = frames of the client are missing that may have rejected the response (RFC 9113 8.1.1)
    """

    def __init__(self, stream: cython.longlong) -> None:
        self.stream = stream
        self.reset_side = self.goaway_last = self.goaway_code = -1
        self.reset_code = self.reset_packet = self.reset_time = self.reset_goaway = 0
        self.goaway_packet = self.goaway_time = 0
        self.asked = self.unread = self.request_whole = self.response_whole = self.untold = 0
        self.request_window = self.response_window = self.client_blocked = self.server_blocked = 0


@cython.no_gc
@cython.cclass
class Exchange:
    """One request and its response in plain text: of HTTP/1.x, or a stream of HTTP/2.

    request_complete 1 = head and declared body were seen; request_start/end are offsets of the client's stream
    request_ack     offset of the server's stream that the client had received when it began to ask, -1 = unknown
    acked_time      when the server acknowledged request_end, 0 = never
    quiet_since     when all before it on its connection were answered, 0 = it is the first, or streams were open
    response_framing  length | chunked | close | none | tunnel | frames (of HTTP/2), "" = no final response head yet
    body_expected   bytes declared, -1 = not declared; body_got: bytes seen or acknowledged
    response_complete 1 = complete by framing (RFC 9112 6.3)
    interim         status codes of 1xx responses before the final one
    headers         response headers of note, lower-case name -> value (first 256 characters); read from `raw_fields`,
                    the lines of the response's fields, when somebody asks
    body_start      first bytes of a 400's body: nginx says there that TLS was wanted
    garbage         first 64 bytes of an answer that is no HTTP, b"" = none; response_packet is its first packet
    malformed       head-too-large | chunk-size | chunk-end | content-length (less came) | content-too-long |
                    interim-end (no final response): where a message broke its own framing, "" = nowhere
    close_packet    a websocket: packet of the first Close frame, 0 = none came, -1 = its frames could not be followed
    authorized      1 = the request carried credentials (their value is not kept)
    lost            1 = the capture lost bytes of a head or of the framing: nothing may be concluded from absence
    request_unframed, response_unframed  1 = bytes that tell where the message ends were cut or lost, so that only
                    headers can tell whether it is whole; 2 = it is not: less was sent than its Content-Length announced
    h2              what HTTP/2 adds to it, None = HTTP/1.x
    An unfinished message ends, as far as request_end*/response_end* say, with the last byte seen. A response
    without a known request has method "" and request_start -1.
    """

    def __init__(self, index: cython.int) -> None:
        self.index = index
        self.method = self.target = self.host = self.user_agent = ""
        self.request_version = ""
        self.request_packet = self.request_time = self.request_end_packet = self.request_end_time = 0
        self.request_start = self.request_end = self.request_ack = -1
        self.request_complete = 0
        self.request_body_expected = -1
        self.request_body_got = 0
        self.acked_time = self.acked_packet = self.quiet_since = 0
        self.expect_continue = 0
        self.status = 0
        self.reason = ""
        self.response_packet = self.response_time = self.response_end_packet = self.response_end_time = 0
        self.head_packet = 0
        self.response_start = self.response_end = -1
        self.response_framing = ""
        self.response_version = ""
        self.body_expected = -1
        self.body_got = 0
        self.body_lost = 0
        self.response_complete = 0
        self.interim: tuple[int, ...] = ()
        self.raw_fields = b""
        self._headers: dict[str, str] | None = None
        self.garbage = self.body_start = b""
        self.malformed = ""
        self.authorized = self.lost = 0
        self.close_packet = 0
        self.request_unframed = self.response_unframed = 0
        self.h2: Http2 | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Response headers of note."""
        if self._headers is None:
            self._headers = noted(self.raw_fields)
        return self._headers

    @headers.setter
    def headers(self, found: dict[str, str]) -> None:
        self._headers = found
