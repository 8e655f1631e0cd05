from analyzer.wire.model cimport Record

cdef class Completion:
    cdef public str state
    cdef public long long done_packet, done_time, done_end
    cdef public int confirmed, encrypted_alert
    cdef public Record aborted_record

cdef class Opaque:
    cdef public int request, response, doubtful, tickets, cut
    cdef public long long request_packet, request_time, request_last_packet, request_last_time, request_end
    cdef public long long request_bytes, response_bytes
    cdef public long long response_packet, response_time, response_last_packet, response_last_time
    cdef public long long close_notify_client, close_notify_server, announced, got
