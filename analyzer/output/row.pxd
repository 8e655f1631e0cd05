import cython
from analyzer.fetch.flow cimport Flow
from analyzer.fetch.model cimport Fetch
from analyzer.fetch.registries cimport Package
from analyzer.verdict.model cimport Evidence, Verdict

cdef dict _addresses
cdef long long _second
cdef str _prefix
cdef long long NANO
cdef int COMMA, NEWLINE, ZERO

cdef tuple NO_CERTIFICATE, NO_TLS

cdef class Cells:
    cdef public list cells
    cpdef bint text(self, str value) except -1
    cpdef bint phrase(self, str value) except -1
    cpdef bint word(self, str value) except -1
    cpdef bint number(self, long long value) except -1
    cpdef bint seconds(self, double value) except -1
    cpdef bint unknown(self) except -1
    cpdef bint instant(self, long long nanoseconds) except -1
    cpdef bint proof(self, Verdict verdict) except -1

@cython.final
cdef class CsvCells(Cells):
    cdef public dict remembered
    cdef bytearray buffer
    cdef Py_ssize_t at, size
    cdef bint over(self) except -1
    cdef bint put(self, str value) except -1
    cdef bint digits(self, long long value, int least) except -1
    cdef bint room(self, Py_ssize_t size) except -1
    cpdef str line(self, Fetch fetch)

cdef bint is_plain(str text) except -1
cpdef str csv_text(str text)
cpdef fill(Cells cells, Fetch fetch)
cdef wanted(Cells cells, Fetch fetch, Flow flow, Verdict verdict)
cdef decided(Cells cells, Fetch fetch, Flow flow, Verdict verdict)
cdef secure(Cells cells, Flow flow)
cdef counted(Cells cells, Flow flow)
cdef grouped(Cells cells, Fetch fetch)
cdef asked(Cells cells, Package package)
cdef if_any(Cells cells, long long value)
cpdef str evidence(Verdict verdict)
cpdef str address(bytes raw)
cdef str until_second(long long second)
cpdef str rfc3339(long long nanoseconds)
cpdef str wireshark_filter(Fetch fetch)
