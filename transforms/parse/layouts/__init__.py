"""One file per document type, each with a ``LAYOUT`` (``transforms.parse.layout.Layout``) or several ``LAYOUTS``."""
