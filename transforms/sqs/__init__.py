"""How queues of SQS are reached, and what its errors mean to people."""
