"""How clients of Kafka are made: addresses, authentication, TLS, and what their errors mean to people."""
