"""Benchmarks of the scoring path: `make bench`."""
