from analyzer.wire.http.framing cimport response_framing
from analyzer.wire.http.notes cimport keep_fields
from analyzer.wire.http.pairing cimport Pairing
from analyzer.wire.http.stream cimport Stream
from analyzer.wire.model cimport Exchange, Side

# the constants of states.py, head.py and partial.py as C numbers
cdef int CHUNK_END, CHUNK_SIZE, HEAD, LOST, TRAILER, UNFRAMED, ABSENT, EMPTY_LINE, SWITCHING

cdef class Partial(Pairing):
    cdef partial_head(self, Stream stream, long long start)
    cdef partial_request(self, Stream stream, Exchange exchange, long long start)
    cdef partial_response(self, Stream stream, Exchange exchange, long long start)
    cdef unframe(self, Stream stream, long long least)
    cdef goes_on(self, Stream stream)
    cdef bint asked_since(self, Stream stream, Exchange exchange) except -1
    cdef asked_again(self, long long start_ack)
    cdef end_unframed(self, Stream stream, Exchange exchange)
    cdef begin_status(self, str version, int status, str reason)
    cdef switch(self, Stream stream, Exchange exchange)
