cdef class Thresholds:
    cdef public long long stall_min_ns, give_up_min_ns, body_stall_ns, resp_stall_ns, syn_single_wait_ns, syn_late_ns
    cdef public long long synack_lost_ns, tls_slow_ns, early_reset_ns, idle_rst_ns, reuse_idle_ns, stale_rst_ns
    cdef public long long syn_min, unacked_hello, unacked_request, flight_rtx, forgotten_ns, full_segment_bytes
    cdef public long long he_window_ns, he_delay_ns, he_next_ns, retry_gap_ns
