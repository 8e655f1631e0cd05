from analyzer.verdict.case cimport Case
from analyzer.wire.model cimport Alert, Exchange, Http2, Milestone, Record, Side, Tls
