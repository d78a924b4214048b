"""Packaging of Acervo: what workers need, and extras for a laptop (``local``) and for development (``dev``)."""

from setuptools import find_packages, setup

LOCAL = [
    "bqemulator==1.4.0",
    "duckdb==1.5.5",
    "duckdb-extensions==1.5.5",
    "duckdb-extension-spatial==1.5.5",
    "numpy",
]

DEV = [
    "gcp-storage-emulator",
    "google-cloud-dataflow-client",
    "hypothesis",
    "lxml-stubs",
    "mypy",
    "nfelib",
    "pytest",
    "pytest-timeout",
    "ruff",
    "setuptools",
    "sqlglot",
    "uv",
    "xmltodict",
]

setup(
    name="acervo",
    version="0.1.0",
    description="Fiscal XML documents into a consistent source of truth in Bigtable and exact views in BigQuery",
    python_requires=">=3.11,<3.13",
    packages=find_packages(include=["pipelines", "pipelines.*", "transforms", "transforms.*", "local", "local.*"]),
    package_data={
        "pipelines": ["measured.json"],
        "transforms.truth": ["dictionaries/*"],
        "transforms.views": ["schemas/*.json", "sql/*.sql"],
    },
    install_requires=[
        "apache-beam[gcp]>=2.77,<2.78",
        "google-cloud-bigquery>=3.40,<4",
        "google-cloud-bigquery-storage>=2.40,<3",
        "google-cloud-bigtable>=2.50,<3",
        "lxml>=6.1,<7",
        "orjson>=3.10,<4",
        "protobuf>=6,<7",
        "psycopg[binary]>=3.2,<4",
        "pyarrow>=20,<26",
        "rich>=14,<16",
        "zstandard>=0.23,<1",
    ],
    extras_require={"local": LOCAL, "dev": DEV},
)
