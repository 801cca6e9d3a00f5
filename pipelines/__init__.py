"""The stages, from raw tables to a published serving bundle."""
