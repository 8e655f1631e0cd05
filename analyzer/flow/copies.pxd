from analyzer.frame.packet cimport Packet
from analyzer.model.connection cimport Connection, Event, IcmpError, Side

# the constants of copies.py as C numbers
cdef long long COPY_NS, COPY_FAST_NS, MASK32
cdef unsigned long long MASK64, MIX1, MIX2, MIX3, MIX4

cpdef bint is_copy(Side side, Packet p) except -1
cpdef bint is_again(
    Side side, long long time, unsigned long long seq, unsigned long long ack, unsigned long long length,
    unsigned long long flags, int window, int ip_id, unsigned long long stamp, unsigned long long sack
) except -1
cpdef bint is_icmp_copy(Connection connection, IcmpError error) except -1
