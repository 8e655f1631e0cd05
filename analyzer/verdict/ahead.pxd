from analyzer.fetch.model cimport Fetch
from analyzer.verdict.model cimport Verdict, verdict_of
from analyzer.wire.ahead cimport ask

cdef int STEP

cpdef leaving(list items, Py_ssize_t at)
