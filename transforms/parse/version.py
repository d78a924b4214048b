"""Which parser this is. Every record stores the number of the parser that read it so.

Raise ``PARSER`` with every change of what is read of a document (a field, a finding, a form, a key), and a reparse
brings what is stored up to date. ``READS`` says what this parser reads of documents that never change; a test fails
when that is no longer so, and tells the digest to put here. docs/contributing/parser.md has the rest.
"""

from __future__ import annotations

PARSER = 2
READS = "ae0e4713d2f85dac"
