cimport cython

from analyzer.fetch.model cimport Fetch
from analyzer.output.findings cimport Findings
from analyzer.verdict.model cimport Verdict

@cython.final
cdef class Summary:
    cdef public long long fetches, connections_without_fetch, races, twins, read
    cdef public dict verdicts, shared
    cdef public object mended
    cdef public Findings findings
    cdef public object client_log, baseline, capture
    cdef public list warnings
    cdef public bint damaged
    cpdef add(self, Fetch fetch)
