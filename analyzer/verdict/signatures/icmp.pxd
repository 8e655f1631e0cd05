from analyzer.model.connection cimport Event, IcmpError
from analyzer.verdict.facts cimport Facts, span
from analyzer.verdict.model cimport Verdict

cpdef Event frag_needed(Facts case)
cpdef suspect_pmtu(Facts case)
