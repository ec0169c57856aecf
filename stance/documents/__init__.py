"""Documents: what the two sides publish, read from the files in which a researcher keeps them."""

from stance.documents.collect import iterate_documents, read_documents
from stance.documents.document import Document

__all__ = ["Document", "iterate_documents", "read_documents"]
