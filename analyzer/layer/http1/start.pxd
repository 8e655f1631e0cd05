cimport cython

from analyzer.frame.octets cimport cut, latin

cdef int SPACE, VERSION, STATUS, MAX_METHOD, MAX_START, MAX_TARGET, MAX_VALUE

@cython.final
cdef class StartLine:
    cdef public str method, target, version, reason
    cdef public int status
    cpdef bint read_request(self, bytes data, Py_ssize_t at, Py_ssize_t end) except -1
    cpdef bint read_status(self, bytes data, Py_ssize_t at, Py_ssize_t end) except -1
    cdef bint odd_request(self, bytes line) except -1
    cdef bint odd_status(self, bytes line) except -1
