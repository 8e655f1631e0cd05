from analyzer.verdict.case cimport Case, capital, count, span
from analyzer.verdict.model cimport Verdict
from analyzer.wire.model cimport Exchange, Milestone, Record, Side, Tls
