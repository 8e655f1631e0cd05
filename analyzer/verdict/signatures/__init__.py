"""The documented signatures: one short function for each cause, grouped by the phase in which they fire."""
