from analyzer.fetch.model cimport Fetch
from analyzer.verdict.model cimport Evidence, Verdict

cdef dict _addresses
cdef long long NANO
cdef int MAX_SECONDS
cdef list _seconds, _prefixes

cpdef str address(bytes raw)
cpdef str until_second(long long second)
cpdef str rfc3339(long long nanoseconds)
cpdef str wireshark_filter(Fetch fetch)
