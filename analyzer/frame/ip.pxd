cimport cython

from analyzer.capture.numbers cimport u16, u32
from analyzer.frame.cursor cimport Cursor

cdef int MAX_EXTENSIONS, HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION, MOBILITY

@cython.final
@cython.final
cdef class Ip:
    cdef bint read(self, Cursor cursor) except -1
    cdef bint read4(self, Cursor cursor) except -1
    cdef bint authentication(self, Cursor cursor) except -1
    cdef bint read6(self, Cursor cursor) except -1
    cdef bint extensions(self, Cursor cursor, int following) except -1
    cdef bint fragment_header(self, Cursor cursor) except -1
