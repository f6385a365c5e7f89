"""Runs fault programs one after the other and says how each ended. `--long` is the release set, kept in docs/FAULTS.md.

What one finds stops no other. Exits with 1 when any failed. One that exits with 77 was skipped, and said why.
"""

from family import Family, Program, main

PROGRAMS = {
    "kill": Program("faults.kill", 600, 7200),
    "crash-points": Program("faults.crash_points", 900, 3600),
    "power-cuts": Program("faults.power_cuts", 600, 7200),
    "io-errors": Program("faults.io_errors", 1200, 3600),
    "full-disk": Program("faults.full_disk", 300, 3600),
    "tamper": Program("faults.tamper", 600, 7200),
    "rotation": Program("faults.rotation", 600, 3600),
    "model": Program("faults.model", 1200, 10800),
    "upload-rate": Program("faults.upload_rate", 900, 3600),
    "catalog-cost": Program("faults.catalog_cost", 900, 3600),
    "sealing-speed": Program("sealing_speed", 900, 900, has_scales=False),
}

HEAD = """# Faults

This page is made by `make faults-long`; run it again, and do not edit the page. `checks/faults` has the programs,
RELIABILITY.md §5 of the design says what the numbers F1 … and I1 … stand for.
"""

if __name__ == "__main__":
    main(Family("faults", PROGRAMS, "docs/FAULTS.md", HEAD), __doc__)
