cimport cython

from analyzer.fetch.flow cimport Flow
from analyzer.fetch.model cimport Fetch
from analyzer.verdict.model cimport Verdict
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
    cpdef learn(self, Fetch fetch)
    cpdef hint(self, Fetch fetch)
