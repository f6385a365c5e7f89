"""The fault programs: kill, cut, fill, tamper, and look whether every promise still holds.

`make faults` runs the gate set, `make faults-long` the release set, `make fault-kill` one of them. RELIABILITY.md §5
numbers them (F1 …), §3.6 the invariants (I1 …). Each program prints its figures with their bounds and its seed;
`--seed` runs the same again.
"""
