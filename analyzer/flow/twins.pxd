cimport cython

from analyzer.frame.packet cimport Packet

cdef int MAX_SYNS
cdef long long TWIN_NS

@cython.final
cdef class Twins:
    cdef dict older, newer
    cdef long long turned
    cdef bint has(self, Packet p) except -1
