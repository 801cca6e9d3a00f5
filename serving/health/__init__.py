"""Whether the server lives and can keep its word."""
