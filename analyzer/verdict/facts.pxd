from analyzer.verdict.case cimport Case
from analyzer.verdict.signatures.loss cimport came_too_late
from analyzer.verdict.spoken cimport has_replied
from analyzer.wire.model cimport Connection, Exchange, Milestone, Record, Side, Tls

cdef int SERVER, DEAD_KEEP_ALIVES, BAD_REQUEST
cdef long long LOSS_NS

cpdef weigh(Case case)
cdef general_flags(Case case)
cdef ignored_flags(Case case)
cdef bint unacknowledged(Case case) except -1
cdef bint joined_late(Case case) except -1
cdef bint half_known(Exchange exchange, long long missing) except -1
cdef bint early_data_rejected(Tls tls) except -1
cpdef tls_flags(Case case)
