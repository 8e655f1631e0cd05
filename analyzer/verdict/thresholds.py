"""Every number a verdict depends on (signatures.md 6.1), with its unit in its name."""

from __future__ import annotations

from analyzer.fetch.build import EARLY_RESET_NS, SYN_LATE_NS
from analyzer.model.connection import FULL_SEGMENT

SECOND_NS = 1_000_000_000
TTL_DELTA = 3
"""Hops by which a packet's way differs from its sender's other ones; one or two may be another route (`ttl_delta`)."""


class Thresholds:
    """The limits of one run; a user may change those that signatures.md calls tunable.

    stall_min_ns         silence that counts as a stall when the server closed or nobody did
    give_up_min_ns       silence after which a client's close is a give-up; sooner, it is a cancellation
    body_stall_ns        silence within a response
    resp_stall_ns        silence while waiting for a response that nobody ends
    syn_min              SYNs without any answer
    syn_single_wait_ns   how long a single SYN must have gone unanswered; three over this time are proof enough (3.1)
    syn_late_ns          delay after which a SYN-ACK is late
    synack_lost_ns       a SYN this long after the SYN-ACK shows that the client never got it
    tls_slow_ns          handshake time worth a flag
    early_reset_ns       a reset this soon after the handshake is a refusal
    idle_rst_ns          silence before a reset that points at an idle timer
    reuse_idle_ns        idle time after which a kept-alive connection may be stale
    stale_rst_ns         a reset this soon after a request on a stale connection
    unacked_hello        retransmissions of a ClientHello that was never acknowledged
    unacked_request      retransmissions of a request that was never acknowledged
    flight_rtx           retransmissions of one range that prove loss on the wire
    forgotten_ns         idle time after which something on the way may have forgotten the connection: the shortest idle
                         timer of timers.py
    full_segment_bytes   a lost segment of at least this size, while smaller ones pass, points at the path MTU
    he_window_ns         first SYNs of one race lie within this (RFC 8305 8: two seconds at most between two attempts)
    he_delay_ns          a client waits at least this before it races a second address (RFC 8305 5 recommends 100 ms at
                         least; Go 300, RFC and Node 250, curl 200 ms)
    he_next_ns           after a failed address the next is tried at once: what a loaded machine needs for that
    retry_gap_ns         longest wait before a retry (npm waits 60 s)
    """

    def __init__(self) -> None:
        self.stall_min_ns = 3 * SECOND_NS
        self.give_up_min_ns = SECOND_NS
        self.body_stall_ns = 10 * SECOND_NS
        self.resp_stall_ns = 60 * SECOND_NS
        self.syn_min = 2
        self.syn_single_wait_ns = 3 * SECOND_NS
        self.syn_late_ns = SYN_LATE_NS
        self.synack_lost_ns = SECOND_NS // 2
        self.tls_slow_ns = SECOND_NS
        self.early_reset_ns = EARLY_RESET_NS
        self.idle_rst_ns = 10 * SECOND_NS
        self.reuse_idle_ns = SECOND_NS
        self.stale_rst_ns = SECOND_NS // 2
        self.unacked_hello = 2
        self.unacked_request = 3
        self.flight_rtx = 2
        self.forgotten_ns = 60 * SECOND_NS
        self.full_segment_bytes = FULL_SEGMENT
        self.he_window_ns = 2 * SECOND_NS
        self.he_delay_ns = SECOND_NS // 10
        self.he_next_ns = SECOND_NS // 50
        self.retry_gap_ns = 90 * SECOND_NS


DEFAULT = Thresholds()
