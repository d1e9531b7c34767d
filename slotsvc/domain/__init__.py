"""Words and values of the field; time arithmetic. Standard library only, no I/O, no wall clock."""
