from analyzer.wire.model cimport Connection, Record, Side, Tls
from analyzer.wire.tls.completion cimport Completion

cdef int TLS13, SERVER_LOST, ALERT, APPLICATION_DATA, MIN_REQUEST, KEY_UPDATE, MAX_TICKETS, SMALLEST_TICKET, LARGEST_TICKET
cdef int H2_CONTROL, H2_PREFACE, H2_SHORTEST_HEADERS
cdef long long TICKET_WINDOW_NS

cdef class Opaque:
    cdef public int request, response, doubtful, tickets, cut
    cdef public long long request_packet, request_time, request_last_packet, request_last_time, request_end
    cdef public long long request_bytes, response_bytes
    cdef public long long response_packet, response_time, response_last_packet, response_last_time
    cdef public long long close_notify_client, close_notify_server, announced, got

cpdef Opaque opaque_exchange(Tls tls, Connection connection, Completion done)
cdef find_cut(Tls tls, Side server, Opaque seen)
cdef find_close_notify(Tls tls, Completion done, Opaque seen)
cdef bint closes(Tls tls, Record record, int side) except -1
cdef list[Record] with_late(list[Record] records, Record prior, Record last)
cdef list[Record] find_requests(Tls tls, Completion done)
cdef bint is_control(Tls tls, Record record) except -1
cdef Record find_proof(Tls tls, list[Record] requests, Opaque seen)
cdef ends_with(Record record, Opaque seen)
cdef long long body_bytes(Tls tls, list[Record] requests)
cdef bint may_be_h2(Tls tls) except -1
cdef list[Record] after_tickets(Tls tls, Connection connection, Completion done, Record first, Opaque seen)
cdef Py_ssize_t ticket_run(Connection connection, Completion done, list[Record] data) except -1
cdef bint knows(Record record, long long end, long long packet) except -1
cdef find_response(Tls tls, Connection connection, list[Record] candidates, list[Record] requests, Record first, Opaque seen)
cdef end_request(Tls tls, list[Record] requests, long long answer, Opaque seen)
cdef list[Record] h2_answers(
    Connection connection, list[Record] candidates, list[Record] requests, Record first, Opaque seen
)
cdef bint unlike_settings(Side client, Opaque seen, Record record, list[Record] requests, long long trip) except -1
cdef list[Record] without_control(list[Record] candidates, Record headers, long long trip)
cdef bint answers_headers(Record record, Record previous, Record headers, long long trip) except -1
cdef measure(Tls tls, Side server, Record answer, Opaque seen)
cdef long long round_trip(Connection connection)
