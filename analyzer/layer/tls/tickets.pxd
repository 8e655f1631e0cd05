from analyzer.layer.tls.completion cimport Completion, closing, is_alert
from analyzer.model.connection cimport Connection, Side
from analyzer.model.tls cimport Record, Tls

cdef int TLS13, APPLICATION_DATA, SERVER, MAX_TICKETS, SMALLEST_TICKET, LARGEST_TICKET
cdef long long DELAYED_ACK_NS, LONGEST_NS

cpdef tuple after_tickets(Tls tls, Connection connection, Completion done, list[Record] sent, Record first)
cdef Py_ssize_t ticket_run(Connection connection, Completion done, list[Record] data, Record first) except -1
cdef bint late_ticket(Connection connection, Completion done, Record record) except -1
cdef bint answers_more(Record record, long long known, Record first) except -1
cdef bint ticket_in_flight(Tls tls, Completion done, list[Record] sent) except -1
cpdef bint knows(Record record, long long end, long long packet) except -1
cpdef long long round_trip(Connection connection) except? -1
