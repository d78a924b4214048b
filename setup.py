"""The compiled module, and a file for ``--setup_file`` of Beam; the rest of the metadata is in pyproject.toml.

Without a compiler, or without Cython, the package has no compiled module, and reads the same by way of Python.
"""

from setuptools import Extension, setup

SOURCE = "transforms/parse/sax/compiled.pyx"


def extensions() -> list[Extension]:
    """What is compiled, against the headers of libxml2 that lxml brings; nothing of it is linked."""
    try:
        import lxml
        from Cython.Build import cythonize
    except ImportError:
        return []
    module = SOURCE.removesuffix(".pyx").replace("/", ".")
    built: list[Extension] = cythonize(
        [Extension(module, [SOURCE], include_dirs=lxml.get_include())], build_dir="build"
    )
    for extension in built:
        # Cython makes extensions anew, and forgets this.
        extension.optional = True
    return built


setup(ext_modules=extensions())
