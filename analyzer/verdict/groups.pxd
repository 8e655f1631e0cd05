cimport cython

from analyzer.verdict.brief cimport Brief
from analyzer.verdict.ecn cimport Ecn
from analyzer.verdict.races cimport Races
from analyzer.verdict.retries cimport Retries
from analyzer.verdict.turn cimport Turn

@cython.final
cdef class Groups:
    cdef public Races races
    cdef public Retries retries
    cdef public Ecn ecn
    cdef public long long number, now, newest
    cpdef add(self, Brief fetch)
    cpdef reach(self, long long time)
    cpdef end(self)
    cpdef bint holding(self) except -1
    cpdef Turn leave(self)
    cpdef Brief numbered(self, Brief fetch)
