cimport cython

from analyzer.fetch.model cimport Fetch

cdef class Evidence:
    cdef public long long packet, time
    cdef public str what
    cdef public int side

cdef class Verdict:
    cdef public str klass, cause, confidence, missing, blame, rst_origin, summary, advice, client_errors
    cdef public int rst_ttl
    cdef readonly bint failed
    cdef public tuple flags, timers, evidence
    cpdef flag(self, str word)

cpdef Verdict verdict_of(Fetch fetch)
