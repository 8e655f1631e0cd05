from analyzer.capture.numbers cimport file_u32
from analyzer.capture.reader cimport Reader

# The hot constants, as C integers: only this module uses them.
cdef long long LARGEST_PACKET, LARGEST_WHOLE, LOOKAHEAD, DAY

cdef class PcapFrames(Reader):
    cdef public bint big
    cdef public int head, minor
    cdef public long long limit, fraction, per_second, seconds, good
    cpdef bint advance(self) except -1
    cpdef bint begins(self, Py_ssize_t at) except -1
    cpdef bint plausible(self, Py_ssize_t at, long long near) except -1
