"""A small shop that shows the promise: a product page and a cart, served in demo mode only."""
