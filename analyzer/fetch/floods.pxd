from analyzer.fetch.model cimport Fetch
from analyzer.wire.model cimport Connection

cdef int MAX_ROWS, MAX_SERVERS, MAX_TOLD
cdef long long MINUTE_NS

cdef class Floods:
    cdef public long long most, left_out, turned
    cdef public dict minutes, servers
    cpdef bint leaves_out(self, Fetch fetch) except -1
    cdef count(self, bytes place, long long attempts)
