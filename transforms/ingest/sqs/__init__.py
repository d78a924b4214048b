"""Reading documents from a queue of SQS: held while they are worked on, deleted behind the effects."""
