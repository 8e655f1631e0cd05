from analyzer.layer.tls.completion cimport Completion, closing, is_alert
from analyzer.layer.tls.opaque cimport Opaque, body_bytes, ends_with, first_exchange, of_client, of_server
from analyzer.layer.tls.sizes cimport may_be_h2, plain
from analyzer.layer.tls.tickets cimport knows, round_trip
from analyzer.model.connection cimport Connection, Side
from analyzer.model.tls cimport Record, Tls

cdef int TLS13, APPLICATION_DATA, SERVER, KEY_UPDATE, LAST_CHUNK, CANNOT, MAY, IS, H2_PREFACE, SETTINGS_ACK, SHORTEST_REQUEST
cdef long long TICKET_WINDOW_NS, NEVER

cpdef Opaque opaque_exchange(Tls tls, Connection connection, Completion done)
cdef long long judge_last(
    Tls tls, Connection connection, list[Record] requests, Record answer, Opaque seen
) except? -1
cdef tuple heard(Tls tls, Record answer)
cdef bint is_ending(Tls tls, Record record) except -1
cdef int request_like(int size, bint h2) except -1
cdef bint goes_on(list[Record] pending, long long answered) except -1
cdef bint framed(Tls tls, list[Record] pending) except -1
cdef bint farewell(Tls tls, Connection connection, list[Record] pending, Opaque seen) except -1
cdef long long first_time(long long one, long long other) except? -1
cdef turn_to(Tls tls, list[Record] pending, long long sure, Opaque seen)
cdef long long last_before(Tls tls, Record request, long long sure) except? -1
cdef find_unheard(Tls tls, Side server, list[Record] requests, Record answer, Opaque seen)
cdef look_unseen(Tls tls, Connection connection, Completion done, long long known, Opaque seen)
cdef long long asked_at(Tls tls, Opaque seen) except? -1
