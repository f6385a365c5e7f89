"""Runs hostile programs one after the other and says how each ended. `--long` is the release set.

Its results are kept in docs/HOSTILE.md. What one finds stops no other. Exits with 1 when any failed. One that exits
with 77 was skipped, and said why.
"""

from family import Family, Program, main

PROGRAMS = {
    "corpus": Program("corpus", 900, 900, has_scales=False),
    "sanitized": Program("hostile.sanitized", 3600, 3600, has_scales=False),
    "mutated": Program("hostile.mutated", 900, 7200),
    "bombs": Program("hostile.bombs", 900, 3600),
    "chaos": Program("hostile.chaos", 900, 3600),
    "readers": Program("hostile.readers", 600, 1800),
    "overload": Program("hostile.overload", 600, 1200),
    "memory": Program("hostile.memory", 1800, 7200),
    "sandbox-cpu": Program("sandbox_cpu", 900, 900, has_scales=False),
}
HEAD = """# Hostile pictures, workers and crowds

This page is made by `make hostile-long`; run it again, and do not edit the page. `checks/hostile` has the programs,
RELIABILITY.md §5 of the design says what the numbers F6 … stand for.
"""

if __name__ == "__main__":
    main(Family("hostile", PROGRAMS, "docs/HOSTILE.md", HEAD), __doc__)
