"""EtherTypes that lead on to IP (IANA ieee-802-numbers)."""

# not compiled: numbers only

IPV4 = 0x0800
IPV6 = 0x86DD
MPLS = 0x8847
BRIDGED = 0x6558
"""Transparent Ethernet Bridging (RFC 1701): a whole Ethernet frame follows."""
PPP = 0x880B
VLAN = 0x8100
SERVICE_VLAN = 0x88A8
SERVICE_CHAIN = 0x894F
"""Network Service Header (RFC 8300)."""
