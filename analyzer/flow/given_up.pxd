cimport cython
from cpython.bytearray cimport PyByteArray_AS_STRING

from analyzer.capture.numbers cimport u32

cdef unsigned long long MIX1, MIX2, MASK64
cdef Py_ssize_t NUMBERS
cdef int STRANGER

cdef inline unsigned long long word(bytearray table, Py_ssize_t at) noexcept:
    return (<unsigned long long *>PyByteArray_AS_STRING(table))[at]

cdef inline void put(bytearray table, Py_ssize_t at, unsigned long long number) noexcept:
    (<unsigned long long *>PyByteArray_AS_STRING(table))[at] = number

@cython.final
cdef class GivenUp:
    cdef bytearray older, newer
    cdef Py_ssize_t taken
    cpdef add(self, bytes client, bytes server)
    cpdef int sender(self, bytes key, bytes reverse) except -1

cdef int sender_in(bytearray table, unsigned long long own, unsigned long long other) except -1
cdef unsigned long long number_of(bytes key) except? 0
