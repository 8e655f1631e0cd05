"""`python -m whyfetch`, and what the command `whyfetch` runs."""

import whyfetch  # noqa: F401  (first: it finds the right `analyzer`)
from analyzer.cli import main

if __name__ == "__main__":
    main()
