"""Run the command line as ``python -m stance``."""

from stance.cli import main

main(prog_name="stance")
