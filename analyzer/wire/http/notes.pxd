from analyzer.wire.model cimport Connection, Exchange, Milestone

cdef int CLIENT, SERVER, MAX_MILESTONES, MAX_RAW

cpdef keep_fields(Exchange exchange, bytes raw)
cpdef add_milestone(Connection connection, str what, Exchange exchange, long long ack)
cdef insert(Connection connection, Milestone made)
