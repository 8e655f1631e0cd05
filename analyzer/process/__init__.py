"""Which process a connection belongs to: COMMAND of `whyfetch run`, and its descendants, or somebody else."""
