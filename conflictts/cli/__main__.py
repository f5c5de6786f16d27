"""`python -m conflictts.cli`."""

from conflictts.cli import main

main()
