cdef long long MASK32

cpdef long long unwrap(long long raw, long long base, long long near) noexcept
