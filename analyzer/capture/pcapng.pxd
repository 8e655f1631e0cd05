from analyzer.capture.interface cimport InterfaceDescription
from analyzer.capture.numbers cimport file_u16, file_u32
from analyzer.capture.reader cimport Reader

# The hot constants, as C integers: only this module uses them.
cdef long long SECTION, INTERFACE, OLD_PACKET, SIMPLE_PACKET, NAMES, STATISTICS, PACKET, SECRETS
cdef long long LATEST, BEYOND, BYTE_ORDER, LARGEST_BLOCK, LARGEST_WHOLE, LOOKAHEAD, WORK, UNKNOWN_LOSS

cdef class PcapngFrames(Reader):
    cdef public bint big
    cdef public list interfaces, name_blocks, secret_blocks
    cdef public long long kept, section_start, current_index
    cdef public object told
    cdef public InterfaceDescription current
    cpdef bint advance(self) except -1
    cpdef bint section(self, Py_ssize_t at) except -1
    cdef bint work(self, long long packets) except -1
    cpdef bint begins(self, Py_ssize_t at) except -1
    cpdef bint packet(self, long long kind, Py_ssize_t at, long long total) except -1
    cdef bint enhanced(self, long long kind, Py_ssize_t at, long long total) except -1
    cpdef long long lost_before(self, Py_ssize_t at, Py_ssize_t end) except? -1
    cpdef bint select(self, long long index) except -1
    cpdef other(self, long long kind, Py_ssize_t at, long long total)
    cpdef add_interface(self, Py_ssize_t at, long long total)
    cpdef statistics(self, Py_ssize_t at, long long total)
