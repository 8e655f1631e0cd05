"""Every sample, one short entry each, grouped by class and by client."""

from __future__ import annotations

from lab.scenarios_dns import DNS, DNS_OK
from lab.scenarios_git import GIT
from lab.scenarios_go import GO
from lab.scenarios_h2c import H2C
from lab.scenarios_http import HTTP
from lab.scenarios_keys import KEYS
from lab.scenarios_more import MORE
from lab.scenarios_node import NODE
from lab.scenarios_npm import NPM
from lab.scenarios_ok import INCOMPLETE, OK
from lab.scenarios_path import PATH
from lab.scenarios_pip import PIP_SCENARIOS
from lab.scenarios_races import RACES
from lab.scenarios_tcp import RST, SYN
from lab.scenarios_tls import TLS_FAILURE, TLS_STALL

BY_CLASS = (*SYN, *RST, *TLS_STALL, *TLS_FAILURE, *HTTP, *DNS, *INCOMPLETE, *OK, *DNS_OK)
BY_CLIENT = (*PATH, *RACES, *MORE, *GO, *PIP_SCENARIOS, *NPM, *GIT, *NODE, *H2C, *KEYS)
SCENARIOS = BY_CLASS + BY_CLIENT
