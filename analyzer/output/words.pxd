from analyzer.fetch.model cimport Fetch
from analyzer.verdict.model cimport Evidence, Verdict

cdef dict _addresses
cdef long long _second, NANO
cdef str _prefix

cpdef str address(bytes raw)
cpdef str until_second(long long second)
cpdef str rfc3339(long long nanoseconds)
cpdef str wireshark_filter(Fetch fetch)
