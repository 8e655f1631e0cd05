from analyzer.frame.packet cimport Packet
from analyzer.model.connection cimport Connection, Side
from analyzer.tcp.marks cimport mark
from analyzer.tcp.stamps cimport later

# the constants of opening.py as C numbers
cdef int ACK, CLIENT, CWR, ECE, SERVER, SYN, ID_FAR, MAX_SYN_MARKS
cdef long long MASK32

cpdef note_endpoint(Connection connection, Side side, Side peer, Packet p)
cdef acknowledged(Connection connection, Side side, Side peer, Packet p)
cpdef challenged(Connection connection, Side side, Packet p)
cdef handshake(Connection connection, Side side, Side peer, Packet p)
cdef number(Side side, long long isn)
cpdef take_other_isn(Side side)
cdef agree_on_scale(Side side, Side peer)
