from analyzer.fetch.model cimport Fetch
from analyzer.wire.model cimport Connection, Exchange, Milestone, Side, Tls
