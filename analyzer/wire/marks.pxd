from analyzer.wire.model cimport Connection, Milestone, Packet, Side
from analyzer.wire.sequence cimport unwrap

cdef int ACK, CLIENT, MAX_MILESTONES

cpdef Milestone mark(Connection connection, Side side, Packet p, str what, long long offset)
