"""A seeded parcel network in central Europe that knows the truth about itself.

Simulated data serves demonstrations, load and tests of the machinery; claims about accuracy are made on real orders.
"""
