cimport cython

from analyzer.fetch.model cimport Fetch

cdef int SPAN, PIECE

@cython.final
cdef class Order:
    cdef public list heap, spans
    cdef public dict later, packed
    cdef public long long current, serial, waiting, most, unpacked
    cdef public bint overflowed
    cpdef add(self, Fetch fetch)
    cdef pack(self, long long span, list[Fetch] fetches)
    cpdef Fetch leave(self, long long oldest_open)
    cdef bint turn(self, long long oldest_open) except -1
