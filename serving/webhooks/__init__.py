"""Webhooks: subscriptions, and signed deliveries after Standard Webhooks 1.0.0 with CloudEvents as bodies."""
