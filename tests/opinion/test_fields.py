"""What is read from Wireshark's rows, whatever packets put into them."""

from __future__ import annotations

from analyzer.opinion.fields import FACTS, again, labels, numbers, version


def test_what_is_no_number_is_none() -> None:
    """A status of letters, or none at all, is no error."""
    assert numbers({"http.response.code": ["abc", "", "0x1f", "007"]}, "http.response.code") == (-1, 7, 31)


def test_every_fact_can_be_read_from_an_empty_row() -> None:
    """Where Wireshark says nothing, nothing is read."""
    found = {name: fact.read({}) for name, fact in FACTS.items()}
    assert found.pop("again") == "new"
    assert [name for name, value in found.items() if value not in (-1, "", (), frozenset(), (-1, -1))] == []


def test_booleans_of_both_kinds() -> None:
    """Wireshark 4.2 writes `True` where it wrote 1."""
    for yes, no in (("1", "0"), ("True", "False")):
        assert "dns-answer" in labels({"dns.flags.response": [yes]})
        assert "dns-query" in labels({"dns.flags.response": [no]})


def test_the_innermost_header_counts() -> None:
    """TCP in TCP: flags and numbers are those of the connection that is told."""
    assert "syn" in labels({"tcp.flags": ["0x0018", "0x0002"], "tcp.len": ["60", "0"]})


def test_what_was_chosen_stands_before_what_is_written() -> None:
    """TLS 1.3 writes 1.2 into the ServerHello and the truth into an extension (RFC 8446 4.2.1)."""
    old = {"tls.handshake.version": ["0x0303"]}
    assert (version(old), version({**old, "tls.handshake.extensions.supported_version": ["0x0304"]})) == (0x303, 0x304)


def test_an_out_of_order_segment_is_no_retransmission() -> None:
    """Wireshark may say both."""
    assert again({"tcp.analysis.retransmission": [""], "tcp.analysis.out_of_order": [""]}) == "out-of-order"
