cimport cython

from analyzer.frame.octets cimport cut, latin

# the constants of fields.py as C numbers
cdef int LF, CR, COLON, MAX_VALUE, MAX_DIGITS, ABSENT, CHUNKED, OTHER_CODING, HOST, USER_AGENT, EXPECT, LENGTH, CODING

@cython.final
cdef class HeadFields:
    cdef int seen
    cdef public int coding, expect_continue, authorized
    cdef public long long length
    cdef public str host, user_agent
    cdef public bytes raw
    cpdef forget(self)
    cpdef Py_ssize_t read(self, bytes data, Py_ssize_t at, Py_ssize_t limit) except -1
    cdef bint field(self, bytes data, Py_ssize_t line, Py_ssize_t colon, Py_ssize_t end) except -1
    cdef bint first(self, int name)
    cdef bint number(self, bytes data, Py_ssize_t start, Py_ssize_t end) except -1
    cpdef take_all(self, bytes raw)
