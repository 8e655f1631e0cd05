cimport cython

from analyzer.verdict.ahead cimport turns as ahead
from analyzer.verdict.turn cimport Turn

cdef int SPAN

@cython.final
cdef class Order:
    cdef public list turn, spans
    cdef public Py_ssize_t at
    cdef public dict later
    cdef public long long current, serial, waiting, text, most
    cdef public bint overflowed
    cpdef add(self, Turn turn)
    cpdef Turn leave(self, long long oldest_open)
    cdef bint full(self) except -1
    cdef bint next_turn(self, long long oldest_open) except -1
