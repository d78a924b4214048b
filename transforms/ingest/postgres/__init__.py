"""Rows of a PostgreSQL table, partitioned table or view as RawDocuments.

``transform.ReadFromPostgres`` reads a ``source.PostgresSource``; ``options`` makes one of the command line,
``preflight`` checks it at launch, ``snapshot.hold_snapshot`` gives all ranges one consistent view of the table.
"""
