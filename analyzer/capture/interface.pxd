# the constants of interface.py as C numbers
cdef long long LATEST, CLOCK_SLACK

cdef class InterfaceDescription:
    cdef public int link
    cdef public long long snaplen, multiplier, seconds, offset, dropped, frames, first, started, ended, received, clamped
    cdef public long long last, counted
    cdef public unsigned long long divisor, limit
    cdef public int shift
    cpdef resolution(self, int code)
    cpdef long long end_time(self) except? -1
    cpdef long long nanoseconds(self, unsigned long long ticks) except? -1
    cdef long long exact(self, unsigned long long ticks) except? -1
