"""The reading of captures, whole or while they grow: which fetches there are, in what order their rows leave."""
