"""Every sample, one short entry each, grouped by class."""

from __future__ import annotations

from lab.scenarios_dns import DNS, DNS_OK
from lab.scenarios_http import HTTP
from lab.scenarios_ok import INCOMPLETE, OK
from lab.scenarios_tcp import RST, SYN
from lab.scenarios_tls import TLS_FAILURE, TLS_STALL

SCENARIOS = (*SYN, *RST, *TLS_STALL, *TLS_FAILURE, *HTTP, *DNS, *INCOMPLETE, *OK, *DNS_OK)
