"""All harnesses by name: what is called, what the mutations begin with, and where an input has its joints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fuzz import corpus, files, frames, messages, sealed, streams, texts, whole
from fuzz.mutator import Split


@dataclass(frozen=True)
class Target:
    """One harness.

    one    takes any bytes, and raises only when something is wrong: what is documented for bad input it expects itself
    seeds  good inputs
    split  cuts an input at its joints, None = it has none
    """

    one: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    split: Split | None = None


PARSERS = {
    "pcap": Target(files.capture, corpus.pcaps, files.records),
    "pcapng": Target(files.capture, corpus.pcapngs, files.blocks),
    "compressed": Target(files.compressed, corpus.packed),
    "link": Target(frames.link, corpus.link_frames, frames.split),
    "ip": Target(frames.internet, corpus.packets, frames.split),
    "rare-link": Target(frames.rare, corpus.scapy_frames, frames.split),
    "tcp": Target(streams.tcp, corpus.segments, streams.step),
    "content": Target(streams.content, corpus.contents, streams.split),
    "tls": Target(streams.content, corpus.tls, streams.split),
    "http1": Target(streams.content, corpus.http1, streams.split),
    "http2": Target(streams.content, corpus.http2, streams.split),
    "prologue": Target(streams.content, corpus.prologues, streams.split),
    "dns-tcp": Target(streams.content, corpus.dns_streams, streams.split),
    "hello": Target(messages.hello, corpus.hellos, messages.split),
    "certificate": Target(messages.certificate, corpus.certificates),
    "hpack": Target(messages.hpack, corpus.header_blocks, messages.split),
    "dns": Target(messages.dns, corpus.lookups, messages.split),
    "client-log": Target(texts.client_log, corpus.logs, texts.lines),
    "key-log": Target(sealed.key_log, sealed.key_logs, texts.lines),
    "sealed": Target(sealed.opened, sealed.recordings, sealed.split),
    "inside": Target(sealed.inside, sealed.sealed_segments, streams.split),
    "pkt": Target(texts.pkt, corpus.notations, texts.lines),
}
"""Of one parser each."""

WHOLE = {
    "rows": Target(whole.rows, corpus.captures, files.joints),
    "pages": Target(whole.pages, corpus.captures, files.joints),
    "frame": Target(whole.frame, corpus.cases, files.records),
}
"""Of the whole program."""

TARGETS = {**PARSERS, **WHOLE}
