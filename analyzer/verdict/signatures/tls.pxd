from analyzer.verdict.case cimport Case, capital, span
from analyzer.verdict.model cimport Verdict
from analyzer.wire.model cimport Alert, Record, Side, Tls
