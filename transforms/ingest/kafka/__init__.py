"""Reading documents from Kafka: partitions from an offset on, committed behind the effects, or a range of them."""
