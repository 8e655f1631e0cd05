from analyzer.capture.numbers cimport u16
from analyzer.frame.cursor cimport Cursor

cdef int UDP

cpdef bint wrong_outside(Cursor cursor) except -1
cdef unsigned int words(bytes data, Py_ssize_t at, Py_ssize_t length) except? 1
cdef unsigned int folded(unsigned int total) except? 1
