from analyzer.wire.acceptance cimport acceptable, acknowledges, answers_syn, in_syn_sent, place_of_reset, within
from analyzer.wire.attempts cimport Attempts
from analyzer.wire.marks cimport mark
from analyzer.wire.model cimport Connection, Side
from analyzer.wire.opening cimport challenged, take_other_isn
from analyzer.wire.packet cimport Packet
from analyzer.wire.payload cimport Payload
from analyzer.wire.sequence cimport unwrap
from analyzer.wire.stream cimport Reassembler
from analyzer.wire.unproven cimport Unproven

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
    cdef bint admits(self, Connection connection, Side side, Side peer, Packet p, str note) except -1
    cdef bint fits(self, Side side, Side peer, Packet p) except -1
    cdef refuse(self, Connection connection, Side side, Packet p)
    cdef ignore(self, Connection connection, Side side, Packet p)
    cdef bint moves(self, Connection connection, Side side, Side peer, Packet p) except -1
    cdef move(self, Side side, Packet p, Packet answer)
    cdef replay(self, Connection connection, Unproven waits)

cdef bint answers_challenge(Packet p, Packet other) except -1
