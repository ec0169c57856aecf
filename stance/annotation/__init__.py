"""Annotation: stand-off labels joined with their documents, written sentences, agreement, splits and exports."""
