from analyzer.model.connection cimport Connection, Milestone, Side
from analyzer.model.http cimport Exchange

cdef int CLIENT, SERVER, MAX_MILESTONES, MAX_RAW

cpdef keep_fields(Exchange exchange, bytes raw)
cpdef note_acked(Connection connection, Exchange exchange)
cpdef forget(Connection connection, Exchange exchange)
cpdef add_milestone(Connection connection, str what, Exchange exchange, long long ack)
cdef insert(Connection connection, Milestone made)
