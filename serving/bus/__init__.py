"""The event bus, through FastStream: scans in, events out. The only door to NATS, RabbitMQ and Kafka."""
