from analyzer.verdict.case cimport Case, span
from analyzer.verdict.model cimport Verdict
from analyzer.wire.model cimport IcmpError, Milestone

cpdef Milestone frag_needed(Case case)
cpdef suspect_pmtu(Case case)
