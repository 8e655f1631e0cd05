from analyzer.model.connection cimport Side
from analyzer.model.http cimport Exchange
from analyzer.model.tls cimport Alert, Record, Tls
from analyzer.verdict.facts cimport Facts, capital, span
from analyzer.verdict.model cimport Verdict
