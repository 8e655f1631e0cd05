from analyzer.model.connection cimport Connection, Direction, Event
from analyzer.model.http cimport Exchange

cdef int CLIENT, SERVER, MAX_MILESTONES, MAX_RAW

cpdef keep_fields(Exchange exchange, bytes raw)
cpdef note_acked(Direction up, Exchange exchange)
cpdef heed(Connection connection, long long ack, long long packet, long long time)
cpdef forget(Connection connection, Exchange exchange)
cpdef add_milestone(Connection connection, str what, Exchange exchange, long long ack)
cdef insert(Connection connection, Event made)
