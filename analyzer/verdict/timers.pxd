cdef long long SECOND_NS, EARLY_NS, LATE_NS, LATE_SHARE, WHOLE_LATE_NS

cpdef bint matches(long long seconds, long long gap) except -1
