from analyzer.model.connection cimport Connection, Event, Side
from analyzer.model.http cimport Exchange
from analyzer.model.tls cimport Record, Tls
from analyzer.verdict.facts cimport Facts
from analyzer.verdict.signatures.loss cimport came_too_late
from analyzer.verdict.spoken cimport has_replied

cdef int SERVER, DEAD_KEEP_ALIVES, BAD_REQUEST
cdef long long LOSS_NS

cpdef weigh(Facts case)
cdef general_flags(Facts case)
cdef bint to_come(Facts case) except -1
cdef ignored_flags(Facts case)
cdef bint unacknowledged(Facts case) except -1
cdef bint joined_late(Facts case) except -1
cdef bint half_known(Exchange exchange, long long missing) except -1
cdef bint early_data_rejected(Tls tls) except -1
cpdef tls_flags(Facts case)
