import cython
from analyzer.fetch.flow cimport Flow
from analyzer.fetch.model cimport Fetch
from analyzer.verdict.model cimport Evidence, Verdict

cdef dict _addresses
cdef long long _second
cdef str _prefix

cdef class Cells:
    cdef public list cells
    cpdef bint text(self, str value) except -1
    cpdef bint phrase(self, str value) except -1
    cpdef bint word(self, str value) except -1
    cpdef bint number(self, long long value) except -1
    cpdef bint seconds(self, double value) except -1
    cpdef bint unknown(self) except -1

cdef class CsvCells(Cells):
    cdef public dict remembered
    cpdef str line(self, Fetch fetch)

cdef bint is_plain(str text) except -1
cpdef str csv_text(str text)
cpdef fill(Cells cells, Fetch fetch)
cdef wanted(Cells cells, Fetch fetch, Flow flow, Verdict verdict)
cdef decided(Cells cells, Fetch fetch, Flow flow, Verdict verdict)
cdef secure(Cells cells, Flow flow)
cdef counted(Cells cells, Flow flow)
cdef grouped(Cells cells, Fetch fetch)
cdef asked(Cells cells, object package)
cdef if_any(Cells cells, long long value)
cpdef str evidence(Verdict verdict)
cpdef str address(bytes raw)
cpdef str rfc3339(long long nanoseconds)
cpdef str wireshark_filter(Fetch fetch)
