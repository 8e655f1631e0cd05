cimport cython

from analyzer.fetch.flow cimport Flow
from analyzer.fetch.model cimport Fetch
from analyzer.verdict.model cimport Verdict

@cython.final
cdef class Findings:
    cdef public dict counted
    cdef public bint full
    cdef public object resets, timers
    cdef public long long seen, one_sided, failed, timers_left_out, large_lost, told_by_icmp, partial_hellos
    cpdef add(self, Fetch fetch)
    cdef _add_failure(self, Flow flow, Verdict verdict)

cdef bint count(object counter, object key)
