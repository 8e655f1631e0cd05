from analyzer.fetch.model cimport Fetch
from analyzer.model.connection cimport Connection

cdef int MAX_ROWS, MAX_MINUTES, MAX_TOLD
cdef long long MINUTE_NS

cdef class Flood:
    cdef public long long attempts, left_out
    cdef public set sources

cdef class Floods:
    cdef public long long most, left_out
    cdef public dict minutes, told
    cpdef bint leaves_out(self, Fetch fetch) except -1
    cpdef long long add(self, bytes place, long long began, bytes source) except -1
    cdef count(self, bytes place, long long attempts, bytes source)
