"""Ingestion: from files, databases and queues to RawDocuments, each with a stable origin and its own time.

``archives`` turns one file or message into documents and dead letters, as a stream and without Beam; ``work`` shares
files out; ``transform`` reads them on a runner.
"""
