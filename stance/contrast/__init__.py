"""Contrasts: each takes a sentence table and two groups and gives a result that carries its evidence."""
