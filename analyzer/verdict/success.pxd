from analyzer.verdict.case cimport Case, span
from analyzer.verdict.model cimport Verdict
from analyzer.verdict.resets cimport find_reset
from analyzer.wire.model cimport Connection, Exchange

cdef int CLIENT, SERVER, SWITCHING_PROTOCOLS
cdef long long SHORT_REPLY_BYTES

cpdef Verdict complete(Case case)
cdef bint still_open(Case case) except -1
cpdef Verdict events(Case case)
cpdef Verdict opaque_ok(Case case)
cdef Verdict fine(Case case, str confidence, str summary)
