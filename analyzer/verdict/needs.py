"""The conditions that the docstrings of the signatures name under `Needs`, and what to say when one does not hold.

They explain why a signature did not fire; they decide nothing. Each is necessary, not sufficient: a test holds every
signature that fires against its own. All look at the case as it is when the verdict is found.
"""

from __future__ import annotations

# not compiled: looked at for one fetch at a time
from collections.abc import Callable
from typing import NamedTuple

from analyzer.fetch.resolution import NO_ADDRESS, NO_ANSWER, outcome
from analyzer.model.connection import CLIENT, NETWORK, OUTSIDE, SERVER
from analyzer.verdict.facts import Facts
from analyzer.verdict.seen import cut_out, lost_on_the_way
from analyzer.verdict.signatures.elsewhere import reset_and_again


class Need(NamedTuple):
    """A condition; `otherwise` says what is so instead, in the past tense, as the rest of a sentence."""

    holds: Callable[[Facts], bool]
    otherwise: str


def _reset_by(side: int) -> Callable[[Facts], bool]:
    return lambda case: case.reset is not None and case.reset.side == side


def _answers(case: Facts) -> int:
    return sum(1 for mark in case.connection.milestones if mark.what == "syn-ack")


def _syn_again(case: Facts) -> bool:
    answer = case.find("syn-ack", SERVER, 0)
    return answer is not None and case.find("syn", CLIENT, answer.packet) is not None


def _late(case: Facts) -> bool:
    answer = case.find("syn-ack", SERVER, 0)
    return answer is not None and answer.time - case.connection.first_time >= case.limits.syn_late_ns


def _spoke_first(case: Facts) -> bool:
    return case.reset is None or not 0 < case.client.first_data_packet < case.reset.packet


def _alert(case: Facts, readable: bool) -> bool:
    if case.tls is None:
        return False
    if not readable and case.completion is not None and case.completion.aborted_record is not None:
        return True
    return any((alert.code > 0 and alert.code != 90) if readable else alert.code < 0 for alert in case.tls.alerts)


def _hello_acked(case: Facts) -> bool:
    return case.tls is not None and case.client.acked > max(0, case.tls.hello_start)


def _lookups(what: str) -> Callable[[Facts], bool]:
    return lambda case: (
        case.fetch.resolution is not None and any(outcome(lookup) == what for lookup in case.fetch.resolution.meant)
    )


NEEDS = {
    # DNS
    "a lookup in vain": Need(lambda case: case.fetch.resolution is not None, "a connection was made"),
    "NXDOMAIN": Need(_lookups("nxdomain"), "no server said NXDOMAIN"),
    "SERVFAIL": Need(_lookups("servfail"), "no server said SERVFAIL"),
    "a refusal to answer": Need(_lookups("refused"), "no server refused to answer"),
    "an answer without an address": Need(_lookups(NO_ADDRESS), "no answer without an address came"),
    "an unanswered question": Need(_lookups(NO_ANSWER), "every question was answered"),
    # connect
    "a SYN-ACK": Need(lambda case: _answers(case) > 0, "no SYN-ACK came"),
    "no SYN-ACK": Need(lambda case: _answers(case) == 0, "the server answered with a SYN-ACK"),
    "a late SYN-ACK": Need(_late, "no SYN-ACK came a second or more after the first SYN"),
    "the SYN-ACK again": Need(lambda case: _answers(case) > 1, "the SYN-ACK was not repeated"),
    "the SYN-ACK again after the ACK": Need(
        lambda case: case.connection.synack_after_ack > 0, "the SYN-ACK was not repeated after the client's ACK"
    ),
    "a SYN after the SYN-ACK": Need(_syn_again, "no SYN came again after a SYN-ACK"),
    "one SYN": Need(lambda case: case.client.syns == 1, "the number of SYNs was not one"),
    "two SYNs": Need(lambda case: case.client.syns >= case.limits.syn_min, "the SYN was not repeated"),
    "an answer from another address, or a reset of the SYN-ACK and a SYN after it": Need(
        lambda case: case.connection.strays is not None or reset_and_again(case) is not None,
        "no answer came from another address",
    ),
    "nothing from the server": Need(lambda case: case.server.packets == 0, "the server sent packets"),
    "an ICMP error": Need(lambda case: case.find("icmp", NETWORK, 0) is not None, "no ICMP error quoted its packets"),
    "an answering RST": Need(
        lambda case: any(mark.what == "rst" and mark.side == SERVER for mark in case.connection.milestones),
        "the server sent no RST",
    ),
    "a bare ACK for another number": Need(
        lambda case: any(mark.note == "challenge" for mark in case.connection.milestones),
        "no bare ACK for another number came",
    ),
    "a reset that the client ignores": Need(
        lambda case: any(mark.what == "rst" and mark.place == OUTSIDE for mark in case.connection.milestones),
        "no reset came that the client must ignore",
    ),
    "nothing acknowledged": Need(lambda case: case.client.acked <= 0, "the server acknowledged bytes of the client"),
    "no payload of the server": Need(lambda case: case.server.bytes == 0, "the server sent payload"),
    "no payload of the client before it": Need(_spoke_first, "the client had sent payload before the reset"),
    "one side only": Need(
        lambda case: case.client.packets == 0 or case.server.packets == 0, "both directions were in the capture"
    ),
    "no SYN seen": Need(lambda case: case.connection.midstream != 0, "the connection's beginning was in the capture"),
    # how it ended
    "a reset of the server": Need(_reset_by(SERVER), "no reset of the server was left unexplained"),
    "a reset of the client": Need(_reset_by(CLIENT), "no reset of the client was left unexplained"),
    "the server closed first": Need(lambda case: case.closer == SERVER, "the server did not close first"),
    "the client closed first": Need(lambda case: case.closer == CLIENT, "the client did not close first"),
    "nobody closed": Need(lambda case: case.closer < 0, "somebody closed"),
    "a close without a reset": Need(lambda case: case.closer_what != "rst", "the end was a reset"),
    "bytes in flight that nobody sends again": Need(
        cut_out, "what was not acknowledged was sent again, or the capture ended too soon to tell"
    ),
    # silence
    "a silence": Need(
        lambda case: case.silence() >= case.limits.give_up_min_ns, "nobody was silent for a second and more"
    ),
    "no second of silence": Need(
        lambda case: case.silence() < case.limits.give_up_min_ns, "a second and more of silence came before the end"
    ),
    "no three seconds of silence": Need(
        lambda case: case.silence() < case.limits.stall_min_ns,
        "three seconds and more of silence came before the end",
    ),
    "ten seconds of silence": Need(
        lambda case: case.silence() >= case.limits.body_stall_ns, "the silence was shorter than ten seconds"
    ),
    "a minute of silence": Need(
        lambda case: case.silence() >= case.limits.resp_stall_ns, "the silence was shorter than a minute"
    ),
    # TLS
    "an SSL 2.0 hello": Need(lambda case: case.tls is not None and case.tls.sslv2 != 0, "the hello was no SSL 2.0"),
    "a readable alert": Need(lambda case: _alert(case, True), "no readable alert came"),
    "an encrypted alert": Need(lambda case: _alert(case, False), "no encrypted alert was seen"),
    "an answer that is no TLS": Need(
        lambda case: case.tls is not None and bool(case.tls.reply), "the answer, if any, was TLS"
    ),
    "no byte of the hello acknowledged": Need(
        lambda case: not _hello_acked(case), "the server acknowledged bytes of the ClientHello"
    ),
    "a part of the hello acknowledged": Need(_hello_acked, "no byte of the ClientHello was acknowledged"),
    "the hello sent again": Need(
        lambda case: case.client.rtx_since_ack >= case.limits.unacked_hello, "the ClientHello was not sent again twice"
    ),
    "no TLS answer": Need(lambda case: not case.replied, "the server answered"),
    "bytes of the server lost on the way": Need(
        lambda case: lost_on_the_way(case, SERVER) > 0 or case.server.sent > case.server.acked,
        "no byte of the server was lost on the way",
    ),
    "an unconfirmed Finished": Need(
        lambda case: case.completion is not None and not case.completion.confirmed,
        "the server went on after the client's Finished",
    ),
    "an alert-sized last record": Need(lambda case: case.notify_server > 0, "the server sent no alert-sized record"),
    "a record cut short": Need(
        lambda case: case.opaque is not None and bool(case.opaque.cut), "the server's last record was whole"
    ),
    # the exchange
    "a request": Need(lambda case: case.asked > 0, "no request was seen"),
    "no request": Need(lambda case: case.asked == 0, "a request was sent"),
    "a plain request": Need(lambda case: case.exchange is not None, "no request in plain text was seen"),
    "an unfinished request": Need(
        lambda case: case.exchange is not None and not case.exchange.request_complete, "the request was whole"
    ),
    "100-continue was expected": Need(
        lambda case: case.exchange is not None and case.exchange.expect_continue != 0,
        "the request did not say `Expect: 100-continue`",
    ),
    "the request sent again": Need(
        lambda case: case.client.rtx_since_ack >= case.limits.unacked_request,
        "the request was not sent again three times without an ACK",
    ),
    "a CONNECT request": Need(
        lambda case: case.exchange is not None and case.exchange.method == "CONNECT", "no CONNECT was sent"
    ),
    "a response": Need(lambda case: case.answered > 0, "no response had begun"),
    "no response": Need(lambda case: case.answered == 0, "a response had begun"),
    "an unfinished response": Need(lambda case: case.answered == 1, "no response was left unfinished"),
    "a status of 400 or more": Need(
        lambda case: case.exchange is not None and case.exchange.status >= 400, "no status of 400 or more came"
    ),
    "a RST_STREAM of the server": Need(
        lambda case: case.h2 is not None and case.h2.reset_side == SERVER,
        "the server sent no RST_STREAM",
    ),
    "a GOAWAY of the server that leaves the stream behind": Need(
        lambda case: case.h2 is not None and case.h2.goaway_packet > 0,
        "no GOAWAY of the server left the stream behind",
    ),
    "a client that rejects the response, or a reason to": Need(
        lambda case: case.h2 is not None and (case.h2.reset_side == CLIENT or bool(case.exchange.malformed)),
        "the client did not reject the response, and had no reason to",
    ),
    "an answer that is no HTTP": Need(
        lambda case: case.exchange is not None and bool(case.exchange.garbage), "the answer, if any, was HTTP"
    ),
}
