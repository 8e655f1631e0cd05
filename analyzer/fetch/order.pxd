cimport cython

from analyzer.fetch.model cimport Fetch

@cython.final
cdef class Order:
    cdef public list heap
    cdef public long long serial, most
    cdef public bint overflowed
    cpdef add(self, Fetch fetch)
    cpdef Fetch leave(self, long long oldest_open)
