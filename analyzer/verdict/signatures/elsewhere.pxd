from analyzer.model.connection cimport Event
from analyzer.tcp.elsewhere cimport Stray
from analyzer.verdict.facts cimport Facts, count, span
from analyzer.verdict.model cimport Evidence, Verdict
