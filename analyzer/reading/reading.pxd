from analyzer.fetch.model cimport Fetch
