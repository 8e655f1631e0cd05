# The compiled twin of sequence.py: there is no module behind it, each that uses it has this in line.

cdef inline long long unwrap(long long raw, long long base, long long near) noexcept:
    return near + <int>(raw - base - near)  # as 32 bits with a sign
