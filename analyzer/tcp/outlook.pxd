from analyzer.layer.layer cimport Layer
from analyzer.model.connection cimport Connection, Side
from analyzer.model.http cimport Exchange
from analyzer.tcp.expiry cimport Expiry
from analyzer.tcp.reassembly cimport Reassembler

cdef int MOST_LOOKED_AT, GOES_ON
cdef long long SETTLED_NS, WAITS_NS, IDLE_NS, MOST_APART_NS, GONE_NS

cpdef list worth_a_look(Expiry table, long long now)
cdef bint ripe(Connection connection, long long now) except -1
cpdef object when_due(Connection connection)
cdef long long apart(long long quiet) except -1
cdef bint repeats(Connection connection) except -1
cdef bint waits(Connection connection) except -1
cpdef looked_at(Connection connection, long long now, bint decided)
cpdef bint gone(Connection connection, long long now) except -1
cpdef Connection as_if_over(Expiry table, Connection connection, long long now)
cdef bint holds(Side side) except -1
cdef Connection copied(Expiry table, Connection connection)
cdef settle(Connection twin)
