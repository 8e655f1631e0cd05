cimport cython

from analyzer.capture.numbers cimport u32
from analyzer.frame.octets cimport cut, equal
from analyzer.frame.packet cimport Packet
from analyzer.model.connection cimport Connection, Side

cdef int IPV4_KEY, IPV6_KEY, SLOTS, MAX_GONE
cdef unsigned long long MIX_HOSTS, MIX_PORTS, MASK64

@cython.final
cdef class Table:
    cdef public dict sides, gone, gone_before
    cdef public list slots
    cdef Side find(self, Packet p)
    cdef Side lately(self, bytes data, Py_ssize_t key_at, Py_ssize_t key_size)
    cdef add(self, Side side, bytes key)
    cdef remove(self, Connection connection)
    cdef forget(self, Side side)
    cdef object gone_stream(self, bytes key, bytes reverse)

cpdef int source_port(bytes key) except -1
cpdef bytes reversed_key(bytes key)
