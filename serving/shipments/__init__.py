"""Parcels as the shop registers them."""
