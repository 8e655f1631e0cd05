from analyzer.layer.layer cimport Layer, Segment, place
from analyzer.layer.tls.records cimport Keyed
from analyzer.model.connection cimport Connection, Direction, Inner
from analyzer.model.tls cimport Record, Tls

# the constants of plaintext.py as C numbers
cdef int APPLICATION_DATA, CLIENT, HANDSHAKE_ONLY, HEADS, HTTP, MOST_AHEAD
cdef long long NEVER, MAX_OPENED
cdef long long HEADER, LARGEST

cdef class Half:
    cdef public Inner stream
    cdef public bytearray message
    cdef public list ahead
    cdef public long long overhead, slack, assumed, doubt, adrift, number, read, read_to
    cdef public bint over, passing, unopened, unread, told, talking, unproven
    cdef mirror(self, Direction side)
    cpdef long long content(self, long long bytes_, long long records) except? -1

cdef class Conversation(Keyed):
    cdef public Connection connection
    cdef public Tls tls
    cdef public Half client, server
    cdef public Segment segment
    cdef public long long opened
    cdef public Layer layer
    cdef public tuple carriers, outside
    cpdef Half half(self, int index)
    cdef Direction side(self, Half half)
    cdef piece(self, Half half, Record record, long long size)
    cdef Record placed(self, Half half, Record record)
    cdef feed(self, Half half, Record record, bytes plain)
    cdef come(self, Half half, Record record, bytes plain, long long lost)
    cdef bint holds(self, Half half, long long packet) except -1
    cdef catch_up(self, long long packet, Half half=*)
    cdef act(self, Half half, Record record, bytes plain, long long lost)
    cdef read(self, Half half, Record record, bytes plain)
    cdef bint ends_body(self, Half half, Record record, bytes plain) except -1
    cdef body_over(self, Half half, long long at, long long packet, long long time)
    cdef lose(self, Half half, Record record, long long size)
    cdef drop(self, Half half, Record record, long long size)
    cdef give(self, Segment segment)
    cdef give_up(self, Half half)
    cdef missed(self, Half half, Record record, bint passed)
    cdef read_part(self, Half half, Record record, long long captured, bytes plain)
    cdef lose_rest(self, Half half, Record record, long long size)
    cdef Record upto(self, Record record, long long end)
    cdef Record cut_off(self, Half half, Record record)
    cdef begun(self, Half half, Record record)
    cpdef drifting(self, Half half, long long upto, long long packet, long long time)
    cdef assume(self, Half half, long long upto, long long packet, long long time)
    cdef between(self, Half half, Record record, long long records)
    cdef end_of(self, Half half)
    cpdef ended(self, int index, long long packet, long long time)
    cdef end(self, Half half, long long packet, long long time)
    cdef withdraw(self)
    cdef mirror(self)

cdef Record unknown(long long start, long long end, long long packet, long long time)
