cimport cython

from analyzer.frame.octets cimport cut
from analyzer.frame.packet cimport Packet
from analyzer.layer.layer cimport Layer, Segment
from analyzer.layer.midstream cimport Midstream
from analyzer.layer.next cimport Next
from analyzer.model.connection cimport Connection, Direction, Side
from analyzer.model.log cimport Log
from analyzer.tcp.weight cimport weight

cdef long long PATIENCE_NS, MAX_PENDING_BYTES

@cython.final
cdef class Reassembler:
    cdef public long long waiting, held
    cdef public object lookups, keys
    cdef public Log log
    cdef Segment piece
    cpdef segment(self, Side side, Packet p, long long offset, long long ack)
    cpdef deliver(self, Side side, bytes data, Py_ssize_t at, Py_ssize_t captured, long long length, long long offset, long long number, long long time, long long ack)
    cpdef consume_skip(self, Side side)
    cpdef call(self, Side side, bytes data, Py_ssize_t at, Py_ssize_t end, long long number, long long time, long long ack)
    cdef feed(self, Connection connection, Segment segment)
    cpdef gap(self, Side side, long long length, long long number, long long time, long long ack)
    cdef weigh(self, Connection connection)
    cpdef cut(self, Side side, long long length, long long number, long long time, long long ack)
    cpdef keep(self, Side side, Packet p, long long offset, long long ack)
    cpdef skip_hole(self, Side side)
    cpdef drain(self, Side side)
    cpdef overdue(self, Side side, long long now)
    cpdef finish(self, Side side, long long number, long long time)
    cpdef reach_end(self, Side side, long long number, long long time)
