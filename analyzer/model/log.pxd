cimport cython

from analyzer.model.connection cimport Event

@cython.final
cdef class Log:
    cdef public list events
    cdef public int full
    cpdef add(self, str what, int side, long long packet, long long time, long long offset, long long length, object note)
