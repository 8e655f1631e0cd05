from analyzer.model.connection cimport Side
from analyzer.model.tls cimport Record, Tls
from analyzer.verdict.facts cimport Facts, capital, count, span
from analyzer.verdict.model cimport Verdict
from analyzer.verdict.seen cimport lost_on_the_way
from analyzer.verdict.signatures.icmp cimport suspect_pmtu
