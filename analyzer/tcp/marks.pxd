from analyzer.frame.packet cimport Packet
from analyzer.model.connection cimport Connection, Event, Side
from analyzer.tcp.sequence cimport unwrap

cdef int ACK, CLIENT, MAX_MILESTONES

cpdef Event mark(Connection connection, Side side, Packet p, str what, long long offset)
