from analyzer.model.connection cimport IcmpError, Milestone
from analyzer.verdict.facts cimport Facts, span
from analyzer.verdict.model cimport Verdict

cpdef Milestone frag_needed(Facts case)
cpdef suspect_pmtu(Facts case)
