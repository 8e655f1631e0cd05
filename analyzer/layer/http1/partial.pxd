from analyzer.layer.http1.framing cimport response_framing
from analyzer.layer.http1.notes cimport keep_fields
from analyzer.layer.http1.pairing cimport Pairing
from analyzer.layer.http1.stream cimport Http1Side
from analyzer.layer.layer cimport place
from analyzer.model.connection cimport Direction
from analyzer.model.http cimport Exchange

# the constants of states.py, head.py and partial.py as C numbers
cdef int CHUNK_END, CHUNK_SIZE, HEAD, LOST, TRAILER, UNFRAMED, ABSENT, EMPTY_LINE, SWITCHING

cdef class Partial(Pairing):
    cdef partial_head(self, Http1Side stream, long long start)
    cdef partial_request(self, Http1Side stream, Exchange exchange, long long start)
    cdef partial_response(self, Http1Side stream, Exchange exchange, long long start)
    cdef unframe(self, Http1Side stream, long long least)
    cdef goes_on(self, Http1Side stream)
    cdef bint asked_since(self, Http1Side stream, Exchange exchange) except -1
    cdef asked_again(self, long long start_ack)
    cdef end_unframed(self, Http1Side stream, Exchange exchange)
    cdef begin_status(self, str version, int status, str reason)
    cdef switch(self, Http1Side stream, Exchange exchange)
