from analyzer.wire.model cimport Connection, IcmpError, Milestone, Side
from analyzer.wire.packet cimport Packet

# the constants of copies.py as C numbers
cdef long long COPY_NS, COPY_FAST_NS, MASK32
cdef unsigned long long MASK64, MIX1, MIX2, MIX3, MIX4

cpdef bint is_copy(Side side, Packet p) except -1
cpdef bint is_icmp_copy(Connection connection, IcmpError error) except -1
