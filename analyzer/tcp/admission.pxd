from analyzer.flow.table cimport reversed_key
from analyzer.frame.packet cimport Packet
from analyzer.model.connection cimport Connection, Side
from analyzer.tcp.acceptance cimport acceptable, acknowledges, answers_syn, far_from_fin, in_syn_sent, is_over, place_of_reset, within
from analyzer.tcp.accounting cimport Payload
from analyzer.tcp.attempts cimport Attempts
from analyzer.tcp.handshake cimport challenged, take_other_isn
from analyzer.tcp.marks cimport mark
from analyzer.tcp.reassembly cimport Reassembler
from analyzer.tcp.sequence cimport unwrap
from analyzer.tcp.unproven cimport Unproven

# the constants of admission.py as C numbers (not of those that other modules import)
cdef int ACK, CLIENT, OUTSIDE, RST, SYN, MAX_IGNORED_MARKS
cdef long long MASK32

cdef class Admission(Attempts):
    cdef public Payload payload
    cdef public Reassembler reassembler
    cdef public bint answered
    cdef begin_admission(self)
    cdef count(self, Connection connection, Side side, Packet p)
    cdef take(self, Connection connection, Side side, Side peer, Packet p, str note)
    cdef list take_waiting(self, Connection connection)
    cdef bint admits(self, Connection connection, Side side, Side peer, Packet p, str note) except -1
    cdef bint fits(self, Side side, Side peer, Packet p) except -1
    cdef refuse(self, Connection connection, Side side, Packet p)
    cdef ignore(self, Connection connection, Side side, Packet p)
    cdef bint moves(self, Connection connection, Side side, Side peer, Packet p, str note) except -1
    cdef begin_unseen(self, Connection connection, long long since, Packet p, str note)
    cdef move(self, Side side, Packet p, Packet answer)
    cdef replay(self, Connection connection, Unproven waits)

cdef unignore(Connection connection, Packet p)
cdef bint of_older(Side side, Side peer, Packet p, Packet other) except -1
cdef bint answers_challenge(Packet p, Packet other) except -1
