from analyzer.model.connection cimport Direction
from analyzer.model.http cimport Exchange

# the constants of states.py and model.py as C numbers
cdef int BODY, CLOSE, HEAD, LINE
cdef long long NEVER

cdef class Http1Side:
    cdef public Direction side
    cdef public long long skip
    cdef public int state, chunked, last_chunk
    cdef public bytearray line
    cdef public list lines
    cdef public Py_ssize_t size
    cdef public long long packet, time, ack, position
    cdef public long long start, start_packet, start_time, start_ack
    cdef public long long last_packet, last_time
    cdef public long long body_start, body_end, got, beyond, least, lost_before
    cdef public Exchange exchange
    cpdef begin_body(self, int state, long long length)
    cpdef long long received(self)
    cpdef Py_ssize_t weight(self) except -1
    cpdef long long missing(self)
    cpdef next_message(self, int state)
