"""What operators do to a running server."""
