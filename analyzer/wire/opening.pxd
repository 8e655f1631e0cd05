from analyzer.wire.marks cimport mark
from analyzer.wire.model cimport Connection, Side
from analyzer.wire.packet cimport Packet
from analyzer.wire.stamps cimport later

# the constants of opening.py as C numbers
cdef int ACK, CLIENT, SERVER, SYN, ID_FAR
cdef long long MASK32

cpdef note_endpoint(Connection connection, Side side, Side peer, Packet p)
cdef server_before_established(Connection connection, Side side, Side peer, Packet p)
cdef handshake(Connection connection, Side side, Side peer, Packet p)
