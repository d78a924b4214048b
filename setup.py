"""For ``--setup_file`` of Beam and for tools that ask for this file; all of the metadata is in pyproject.toml."""

from setuptools import setup

setup()
