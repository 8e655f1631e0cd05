from analyzer.fetch.model cimport Fetch
from analyzer.model.ahead cimport ask

cdef int FETCH, FLOW, VERDICT, TEXT

cpdef itself(Fetch fetch)
cpdef parts(Fetch fetch)
