from analyzer.verdict.case cimport Case
from analyzer.verdict.model cimport Verdict
from analyzer.wire.model cimport Connection, Exchange

cpdef name_timers(Case case, Verdict verdict)
cpdef list ending_timers(Case case, str wait)
cdef dict gaps(Case case, str wait, long long end)
cdef long long connect_time(Case case) except? -1
cdef str program(Case case, str side)
cdef bint asked_in_full(Case case) except -1
cdef str by_hello(bytes ciphers)
cdef int REQUEST_TIMEOUT
