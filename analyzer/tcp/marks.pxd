from analyzer.frame.packet cimport Packet
from analyzer.model.connection cimport Connection, Milestone, Side
from analyzer.tcp.sequence cimport unwrap

cdef int ACK, CLIENT, MAX_MILESTONES

cpdef Milestone mark(Connection connection, Side side, Packet p, str what, long long offset)
