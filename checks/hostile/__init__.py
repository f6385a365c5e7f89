"""The hostile programs: pictures, workers and crowds that are out to hurt the service, and whether they do.

`make hostile` runs the gate set, `make hostile-long` the release set, `make hostile-NAME` one of them. RELIABILITY.md
§5 numbers them (F6 …). Each program prints its figures with their bounds and its seed; `--seed` runs the same again.
"""
