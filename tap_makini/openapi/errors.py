"""What can be wrong with a document."""

from __future__ import annotations


class DocumentError(Exception):
    """A document cannot be used. The message is one line: which document, what is wrong, what to do."""

    @classmethod
    def about(cls, label: str, fault: str, remedy: str) -> DocumentError:
        """Say what is wrong with one document.

        Args:
            label: The document's name, without credentials.
            fault: What is wrong, with the cause in parentheses.
            remedy: What to do, as a sentence.
        """
        return cls(f"{label}: {fault}. {remedy}")
