cimport cython

cdef class Http2:
    cdef public int reset_side, reset_goaway, asked, unread, untold, client_blocked, server_blocked
    cdef public long long stream, reset_code, reset_packet, reset_time
    cdef public long long goaway_last, goaway_code, goaway_packet, goaway_time
    cdef public long long request_whole, response_whole, request_window, response_window

cdef class Exchange:
    cdef public int index, request_complete, expect_continue, status, response_complete, lost, authorized
    cdef public int request_unframed, response_unframed
    cdef public str method, target, host, user_agent, request_version, reason, response_framing, response_version, malformed
    cdef public long long request_packet, request_time, request_end_packet, request_end_time, request_start, request_end, request_ack
    cdef public long long request_body_expected, request_body_got, acked_time, acked_packet, quiet_since
    cdef public long long response_packet, response_time, response_end_packet, response_end_time, head_packet
    cdef public long long response_start, response_end, body_expected, body_got, body_lost, close_packet
    cdef public tuple interim
    cdef dict _headers
    cdef public bytes garbage, body_start, raw_fields
    cdef public Http2 h2
