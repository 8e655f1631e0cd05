from analyzer.layer.tls.opaque cimport Opaque, of_client, of_server
from analyzer.model.connection cimport Side
from analyzer.model.tls cimport Record, Tls
from analyzer.verdict.facts cimport Facts
from analyzer.verdict.seen cimport lost_on_the_way

cdef int CLIENT, SERVER

cdef long long numbers(Side side) except? -1
cpdef bint hidden(Facts case) except -1
cdef bint fin_unseen(Side side) except -1
cpdef bint sure_end(Facts case) except -1
cpdef count_to_the_end(Facts case)
cdef bint answered_end(Facts case) except -1
cpdef bint has_replied(Facts case) except -1
