"""A second opinion: what Wireshark's dissectors say of the packets that verdicts cite, beside what was read here.

Facts are compared, not verdicts: Wireshark has none. It is asked through pyshark, in a process of its own.
"""
