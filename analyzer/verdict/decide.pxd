from analyzer.fetch.model cimport Fetch
from analyzer.verdict.case cimport Case
from analyzer.verdict.model cimport Verdict
from analyzer.verdict.thresholds cimport Thresholds
from analyzer.wire.model cimport Connection, Exchange, Milestone, Record, Side, Tls
