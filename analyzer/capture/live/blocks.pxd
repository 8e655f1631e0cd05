from analyzer.capture.frame cimport Frames
from analyzer.capture.numbers cimport file_u16, file_u32

cdef extern from *:
    """
    #if defined(_MSC_VER)
    #include <intrin.h>
    #define whyfetch_fence() _ReadWriteBarrier()
    #else
    #define whyfetch_fence() __atomic_thread_fence(__ATOMIC_ACQ_REL)
    #endif
    """
    void fence "whyfetch_fence"() noexcept

cdef bint BIG
cdef long long LATEST, STEP_NS
cdef int STATUS, PACKETS, FIRST, USED, LAST, OURS, LOSING, ADDRESS, TAGGED, TAG_KNOWN, VLAN, COOKED

cdef class BlockFrames(Frames):
    cdef public object memory, words, wait, known, lost, losses, clock
    cdef public Py_ssize_t size, count, taken, placed, at
    cdef public bytes block
    cdef public long long left, key, gap, last, shift
    cdef public dict gaps
    cdef public list given
    cpdef bint advance(self) except -1
    cpdef long long set(self, long long time) except? -1
    cpdef bint take(self) except -1
    cpdef place(self, long long lost)
    cpdef bint full_before(self, Py_ssize_t turn) except -1
    cpdef rebuild(self, Py_ssize_t at)
    cpdef give_back(self)
