"""`python -m cli` is `modulardata`."""

from cli.main import main

main()
