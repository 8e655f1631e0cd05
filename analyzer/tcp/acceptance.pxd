from analyzer.frame.packet cimport Packet
from analyzer.model.connection cimport Connection, Side
from analyzer.tcp.sequence cimport unwrap

# the constants of acceptance.py as C numbers
# (not of those that other modules import: they would see no C number)
cdef int ACK, FIN, SERVER, RCV_NXT, IN_WINDOW, OUTSIDE
cdef long long FIRST_FLIGHT, NEAR, WIDEST

cpdef bint acceptable(Side side, Side peer, Packet p, long long offset, long long ack) except -1
cpdef bint within(Side side, long long offset, long long stop) except -1
cpdef bint acknowledges(Side peer, long long ack) except -1
cpdef long long edge(Side side) except? -1
cdef long long reach(Side side) except? -1
cdef long long unlimited(Side side) except? -1
cpdef bint is_over(Connection connection) except -1
cpdef bint far_from_fin(Side side, Packet p) except -1
cpdef int place_of_reset(Side side, Side peer, long long offset) except -1
cpdef bint in_syn_sent(Connection connection, Side side, Side peer) except -1
cpdef bint answers_syn(Side peer, Packet p, bint reset) except -1
