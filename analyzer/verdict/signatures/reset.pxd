from analyzer.verdict.case cimport Case, capital, count, span
from analyzer.verdict.model cimport Verdict
from analyzer.wire.model cimport Exchange, Milestone, Record, Side, Tls

cpdef bint may_be_cut(Case case) except -1
