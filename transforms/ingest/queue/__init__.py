"""What queues have in common: a message and the inputs in it, the bundles in which it is read, and the watermark.

A queue's own package adds its client, what identifies one of its messages, and how one is acknowledged.
"""
