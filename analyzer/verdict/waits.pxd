from analyzer.model.connection cimport Connection
from analyzer.model.http cimport Exchange
from analyzer.verdict.facts cimport Facts
from analyzer.verdict.model cimport Verdict

cpdef name_timers(Facts case, Verdict verdict)
cpdef list ending_timers(Facts case, str wait)
cdef dict gaps(Facts case, str wait, long long end)
cdef long long connect_time(Facts case) except? -1
cdef str program(Facts case, str side)
cdef bint asked_in_full(Facts case) except -1
cdef str by_hello(bytes ciphers)
cdef int REQUEST_TIMEOUT
