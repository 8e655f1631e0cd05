from analyzer.model.connection cimport Event
from analyzer.model.tls cimport Tls
from analyzer.verdict.facts cimport Facts, capital, span
from analyzer.verdict.model cimport Verdict
from analyzer.verdict.seen cimport beyond
