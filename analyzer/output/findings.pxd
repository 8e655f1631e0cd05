cimport cython

from analyzer.verdict.brief cimport Brief

@cython.final
cdef class Findings:
    cdef public dict counted
    cdef public bint full
    cdef public object resets, timers
    cdef public long long seen, one_sided, failed, timers_left_out, large_lost, told_by_icmp, partial_hellos
    cpdef add(self, Brief fetch)
    cdef _add_failure(self, Brief fetch)

cdef bint count(object counter, object key)
