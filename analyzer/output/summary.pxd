cimport cython

from analyzer.fetch.model cimport Fetch
from analyzer.output.findings cimport Findings
from analyzer.verdict.brief cimport Brief

@cython.final
cdef class Summary:
    cdef public long long fetches, connections_without_fetch, races, twins, read, beyond
    cdef public dict verdicts, shared
    cdef public object mended, ignores, ignored
    cdef public Findings findings
    cdef public object client_log, baseline, capture
    cdef public list warnings
    cdef public bint damaged
    cpdef add(self, Fetch fetch)
    cpdef count(self, Brief fetch)
    cdef _share(self, Brief fetch)

cdef tuple _place(Brief fetch)
