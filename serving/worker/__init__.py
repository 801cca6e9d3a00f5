"""The worker: it looks at parcels when there is news or time has passed, and says when they come."""
