from analyzer.wire.model cimport Connection, Milestone, Side
from analyzer.wire.packet cimport Packet
from analyzer.wire.sequence cimport unwrap

cdef int ACK, CLIENT, MAX_MILESTONES

cpdef Milestone mark(Connection connection, Side side, Packet p, str what, long long offset)
