cimport cython

from analyzer.fetch.registries cimport Package
from analyzer.verdict.brief cimport Brief
from analyzer.verdict.turn cimport Turn

cdef int WORDS, NUMBERS, MOST, NEAR

@cython.final
cdef class Words:
    cdef dict places
    cdef list words, near
    cdef short *short_cuts
    cdef bytearray memory
    cdef short place(self, object word) except -2
    cdef short sought(self, object word) except -2

@cython.final
cdef class Packing:
    cdef Words texts, addresses
    cdef bytearray buffer
    cpdef bytes packed(self, Brief brief)
    cpdef Brief unpacked(self, bytes data, Turn turn)
    cdef bint words(self, Brief brief, short *places) except -1
    cdef named(self, Brief brief, short *places)
    cdef Py_ssize_t put(self, Py_ssize_t at, str text) except -1
