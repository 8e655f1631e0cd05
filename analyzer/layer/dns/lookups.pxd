from analyzer.frame.packet cimport Packet
from analyzer.layer.dns.message cimport Message
from analyzer.model.connection cimport IcmpError

cdef long long COPY_NS, COPY_FAST_NS

cdef class Lookup:
    cdef public int id, client_port, server_port, version, qtype, ip_id, rcode, found, unreadable, given_up, heard, foreign, cut
    cdef public bytes client, server
    cdef public str transport, name, spelling
    cdef public list again, addresses, strays, refusals
    cdef public long long serial, asked, query_packet, query_time, last_query_time, answer_packet, answer_time
    cdef public IcmpError icmp

cdef class Lookups:
    cdef public object open, began, early, refusable
    cdef public dict asking
    cdef public list finished, begun
    cdef public int answered
    cdef public long long questions, malformed, evicted
    cpdef datagram(self, Packet p)
    cpdef message(self, bytes key, int version, str transport, bytes data, bint whole, long long packet, long long time, int ip_id)
    cdef ask(self, bytes key, int version, str transport, Message message, long long packet, long long time, int ip_id)
    cdef answer(self, bytes key, int version, str transport, Message message, long long packet, long long time)
    cdef over(self, Lookup lookup)
    cdef long long oldest(self) except -1
    cpdef expire(self, long long now)

cdef int port(bytes key, int back) except -1
cdef bytes turned(bytes key)
cdef bytes asker(bytes key, int number)
cdef bytes number_of(Lookup lookup)
