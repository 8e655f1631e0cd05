from libc.stdint cimport int64_t

from analyzer.layer.layer cimport Layer
from analyzer.model.connection cimport Connection
from analyzer.tcp.lingering cimport Lingering
from analyzer.tcp.reordering cimport Reordering
from analyzer.tcp.unproven cimport Unproven

# the constants of expiry.py as C numbers
cdef int MAX_OPEN, MAX_HALF_OPEN, MAX_LINGERING, LOOK_SHARE
cdef long long LOOK_NS, UNANSWERED_NS

cdef class Expiry(Reordering):
    cdef public list finished, pauses
    cdef public Lingering lingering
    cdef public long long now, before, due, looked, seen, evicted, evicted_half_open
    cdef public long long most_open, most_half_open, most_lingering, most_held, too_heavy, given_out
    cdef begin_expiry(self)
    cpdef allow(self, long long most)
    cdef linger(self, Connection connection)
    cpdef reach(self, long long time)
    cpdef expire(self)
    cdef look(self, long long now)
    cdef look_at_successor(self, Connection connection, long long now, list[Connection] over)
    cdef make_room_for_half_open(self)
    cdef lighten(self)
    cdef evict(self, list[Connection] connections)
    cpdef bint finish(self, int most=*) except -1
    cdef finish_streams(self, Connection connection)
    cpdef pause(self)
    cdef int64_t watched_until(self, long long time) except? -1
    cpdef int64_t oldest_open(self) except -1
