from analyzer.verdict.case cimport Case, capital, span
from analyzer.verdict.model cimport Verdict
from analyzer.verdict.seen cimport beyond
from analyzer.wire.model cimport Milestone, Tls
