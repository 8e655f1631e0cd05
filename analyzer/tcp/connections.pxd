cimport cython

from analyzer.flow.copies cimport is_copy, is_icmp_copy
from analyzer.frame.packet cimport Packet
from analyzer.model.connection cimport Connection, Event, IcmpError, Side
from analyzer.layer.layer cimport Layer
from analyzer.tcp.acceptance cimport acknowledges, in_syn_sent, place_of_reset
from analyzer.tcp.expiry cimport Expiry
from analyzer.tcp.handshake cimport note_endpoint
from analyzer.tcp.marks cimport mark
from analyzer.tcp.ordering cimport is_early
from analyzer.tcp.sequence cimport unwrap

# the constants of connections.py as C numbers
cdef int FIN, SYN, RST, ACK, CLIENT, SERVER, NETWORK, RCV_NXT, MAX_MILESTONES
cdef int MAX_RST_MARKS, MAX_FIN_MARKS, MAX_ICMP_MARKS
cdef long long MASK32, NEAR, CLOCK_STEP_NS, PATIENCE_NS

@cython.final
cdef class Connections(Expiry):
    cdef public long long icmp_unmatched
    cdef jump(self, Side side, Packet p, long long offset)
    cdef reset_acknowledges(self, Side peer, Packet p)
    cdef fin(self, Connection connection, Side side, Packet p, long long offset)
    cdef rst(self, Connection connection, Side side, Side peer, Packet p, long long offset)
    cdef check_closed(self, Connection connection, Packet p)
    cpdef icmp(self, IcmpError error)

cdef take_back(Connection connection, Side peer, Packet p, long long ack)
cdef heed(Layer layer, long long ack, Packet p)
