cpdef bint loopback(bytes address) except -1
