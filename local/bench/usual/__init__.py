"""The same job as most people would write it first, to compare with: see ``local.bench.alternatives``.

Both programs read a folder of XML files, keep each file and a few of its fields in a row of Bigtable by access key,
and append a row of each file to a table of BigQuery. They use what libraries offer as it is documented.
"""
