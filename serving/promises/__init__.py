"""Promises for products and carts."""
