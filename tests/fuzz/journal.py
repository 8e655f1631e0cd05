"""Whether compiled and interpreted modules say the same of mutated captures: a line for each, to be compared.

PYTHONPATH=.:tests python -m fuzz.journal --runs 100000 > compiled.txt
PYTHONPATH=.:tests python -m fuzz.journal --runs 100000 --interpreted | cmp - compiled.txt
"""

from __future__ import annotations

import argparse
import hashlib
import sys


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--interpreted", action="store_true", help="use the .py files, whatever lies beside them")
    options = parser.parse_args()
    if options.interpreted:
        from fuzz.guided import interpreted

        interpreted()
    from fuzz.mutator import Mutator
    from fuzz.targets import TARGETS
    from fuzz.whole import csv_of

    target = TARGETS["rows"]
    mutator = Mutator(target.seeds(), f"{options.seed} journal", target.split)
    for number in range(1, options.runs + 1):
        data = mutator.following()
        try:
            said = csv_of(data)
        except Exception as error:
            said = repr(error)
        line = f"{number} {hashlib.sha256(data).hexdigest()[:12]} {hashlib.sha256(said.encode()).hexdigest()[:12]}"
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
