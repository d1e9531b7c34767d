"""Letters and text messages: written to an outbox, sent by a worker."""
