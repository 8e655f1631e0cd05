cimport cython

from analyzer.verdict.brief cimport Brief
from analyzer.verdict.thresholds cimport Thresholds

cdef int MAX_PLACES
cdef long long NEVER

@cython.final
cdef class Place:
    cdef public long long took_plain, took_ecn, refused_plain

@cython.final
cdef class Ecn:
    cdef public Thresholds limits
    cdef public dict places
    cpdef learn(self, Brief fetch)
    cpdef hint(self, Brief fetch)
