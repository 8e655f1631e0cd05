from analyzer.verdict.case cimport Case
from analyzer.verdict.seen cimport lost_on_the_way
from analyzer.wire.model cimport Record, Side, Tls
from analyzer.wire.tls.opaque cimport Opaque, of_client, of_server

cdef int CLIENT, SERVER

cdef long long numbers(Side side) except? -1
cpdef bint hidden(Case case) except -1
cdef bint fin_unseen(Side side) except -1
cpdef bint sure_end(Case case) except -1
cpdef count_to_the_end(Case case)
cdef bint answered_end(Case case) except -1
cpdef bint has_replied(Case case) except -1
