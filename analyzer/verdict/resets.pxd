from analyzer.verdict.case cimport Case
from analyzer.wire.model cimport Alert, Exchange, Milestone, Record, Side, Tls
