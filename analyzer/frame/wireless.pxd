cimport cython

from analyzer.frame.cursor cimport Cursor

cdef int RADIOTAP, PPI, IEEE_802_11, TO_DS, FROM_DS, PROTECTED, ORDER, AMSDU, PADDED

@cython.final
cdef class Wireless:
    cdef public int inner, hidden
    cdef bint enter(self, Cursor cursor, int link) except -1
    cdef bint radiotap(self, Cursor cursor) except -1
    cdef bint ppi(self, Cursor cursor) except -1
    cdef bint prism(self, Cursor cursor) except -1
    cdef bint data_frame(self, Cursor cursor, bint padded) except -1
