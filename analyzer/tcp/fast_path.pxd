cimport cython

from analyzer.capture.frame cimport Frames
from analyzer.capture.numbers cimport u16, u32
from analyzer.flow.copies cimport is_again
from analyzer.flow.table cimport Table
from analyzer.model.connection cimport Connection, Side
from analyzer.tcp.reassembly cimport Reassembler
from analyzer.tcp.sequence cimport unwrap

# the constants of fast_path.py as C numbers
cdef int ACK, FIN, RST, SYN, SERVER, FULL_SEGMENT, ID_FAR, ETHERNET, MAC, IPV4, IPV6, TCP, TCP_WITH_TIMESTAMPS
cdef int IPV4_KEY, IPV6_KEY
cdef unsigned int NOP_NOP_TIMESTAMPS
cdef long long NEAR, MASK32

@cython.final
cdef class FastPath:
    cdef public Table table
    cdef public Reassembler reassembler
    cdef public long long taken
    cdef Py_ssize_t tcp, end, key_size
    cdef int header, ip_id, ttl
    cdef long long length
    cpdef bint takes(self, Frames frames) except -1
    cdef inline bint headers(self, Frames frames, bytes data) noexcept
    cdef inline void sent(self, Side side, long long time, long long number) noexcept
    cdef bint deliver(self, Frames frames, bytes data, Side side, long long offset, long long ack) except -1
