from analyzer.fetch.model cimport Fetch
from analyzer.verdict.model cimport Evidence, Verdict
from analyzer.wire.model cimport Connection, Side, Tls
