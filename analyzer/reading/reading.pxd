from analyzer.fetch.model cimport Fetch
from analyzer.fetch.order cimport Order
from analyzer.verdict.groups cimport Groups
