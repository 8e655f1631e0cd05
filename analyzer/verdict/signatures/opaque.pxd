from analyzer.layer.tls.opaque cimport of_server
from analyzer.model.connection cimport Event
from analyzer.model.tls cimport Record, Tls
from analyzer.verdict.facts cimport Facts, capital, span
from analyzer.verdict.model cimport Verdict
from analyzer.verdict.seen cimport beyond
