"""A small network lab: real programs, real kernel, real faults, in network namespaces of its own."""
