cdef long long SECOND_NS, EARLY_NS, LATE_NS, LATE_SHARE, WHOLE_LATE_NS
cdef double EARLY_SHARE, JITTER_SHARE

cpdef long long longest_wait(long long seconds) except -1
cpdef bint matches(long long seconds, long long gap) except -1
cdef bint _fits(long long interval, long long seconds) except -1
cdef long long usual(long long gap) except -1
