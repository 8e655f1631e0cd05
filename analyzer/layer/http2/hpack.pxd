cimport cython

from analyzer.capture.numbers cimport u32

cdef Py_ssize_t OVERHEAD
cdef int LONGEST_NUMBER, SHORTEST, LONGEST
cdef bytes _first, _end, _octets

@cython.final
cdef class Decompressor:
    cdef public list table
    cdef public long long used, limit
    cdef Py_ssize_t at
    cpdef list read(self, bytes block)
    cdef Py_ssize_t number(self, bytes block, int prefix) except -1
    cdef object literal(self, bytes block, int prefix)
    cdef str text(self, bytes block)
    cdef object entry(self, long long index)
    cdef add(self, field)
    cdef resize(self, long long limit)
    cdef shrink(self)

cdef Py_ssize_t size_of(field) except -1
cpdef str unpacked(bytes data)
