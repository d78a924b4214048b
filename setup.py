"""The compiled modules, and a file for ``--setup_file`` of Beam; the rest of the metadata is in pyproject.toml.

Without a compiler, or without Cython, the package has no compiled modules, and does the same by way of Python.
"""

from setuptools import Extension, setup

SOURCES = ("transforms/parse/sax/compiled.pyx", "transforms/truth/leaves.pyx", "transforms/views/wire.pyx")


def extensions() -> list[Extension]:
    """What is compiled, against the headers of libxml2 that lxml brings; nothing of it is linked."""
    try:
        import lxml
        from Cython.Build import cythonize
    except ImportError:
        return []
    modules = [
        Extension(source.removesuffix(".pyx").replace("/", "."), [source], include_dirs=lxml.get_include())
        for source in SOURCES
    ]
    built: list[Extension] = cythonize(modules, build_dir="build")
    for extension in built:
        # Cython makes extensions anew, and forgets this.
        extension.optional = True
    return built


setup(ext_modules=extensions())
