cimport cython

from analyzer.capture.numbers cimport u16, u32
from analyzer.frame.cursor cimport Cursor
from analyzer.frame.packet cimport Packet

cdef int SHORTEST, MSS, SCALE, SACK_PERMITTED, SACK, TIMESTAMPS, MPTCP, FAST_OPEN, EXPERIMENT
cdef long long NOP_NOP_TIMESTAMPS

@cython.final
cdef class Tcp:
    cdef public bint cut
    cdef bint read(self, Cursor cursor, Packet packet) except -1
    cdef int options(self, bytes data, Py_ssize_t at, Py_ssize_t end, Packet packet) except -1
    cdef int option(self, bytes data, Py_ssize_t at, int kind, int size, Packet packet) except -1
