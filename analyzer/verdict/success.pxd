from analyzer.model.connection cimport Connection
from analyzer.model.http cimport Exchange
from analyzer.verdict.facts cimport Facts, span
from analyzer.verdict.model cimport Verdict
from analyzer.verdict.rst_benign cimport find_reset

cdef int CLIENT, SERVER, SWITCHING_PROTOCOLS
cdef long long SHORT_REPLY_BYTES

cpdef Verdict complete(Facts case)
cdef bint may_go_on(Facts case) except -1
cpdef Verdict events(Facts case)
cpdef Verdict opaque_ok(Facts case)
cdef Verdict fine(Facts case, str confidence, str summary)
