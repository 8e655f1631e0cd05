cimport cython

from analyzer.fetch.model cimport Fetch
from analyzer.output.words cimport rfc3339, until_second, wireshark_filter
from analyzer.verdict.model cimport Evidence, Verdict

cdef bytes PLAIN_OCTETS
cdef long long NANO
cdef int COMMA, NEWLINE, ZERO, POINT, MINUS, MOST_DIGITS

cdef class Cells:
    cdef public list cells
    cpdef bint text(self, str value) except -1
    cpdef bint phrase(self, str value) except -1
    cpdef bint word(self, str value) except -1
    cpdef bint number(self, long long value) except -1
    cpdef bint seconds(self, double value) except -1
    cpdef bint unknown(self) except -1
    cpdef bint filter(self, Fetch fetch) except -1
    cpdef bint instant(self, long long nanoseconds) except -1
    cpdef bint proof(self, Verdict verdict) except -1

@cython.final
cdef class CsvCells(Cells):
    cdef public dict remembered
    cdef bytearray buffer
    cdef unsigned char *octets
    cdef Py_ssize_t at, size
    cdef bint over(self) except -1
    cdef bint octet(self, int value) except -1
    cdef bint put(self, str value) except -1
    cdef bint copy(self, bytes row, Py_ssize_t start, Py_ssize_t stop) except -1
    cdef bint digits(self, long long value, int least) except -1
    cdef bint room(self, Py_ssize_t size) except -1
    cpdef begin(self)
    cpdef bytes line(self)

cdef bint is_plain(str text) except -1
cdef bint is_formula(str text) except -1
cpdef str csv_text(str text)
cpdef str quoted(str text)
