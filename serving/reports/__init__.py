"""What became of parcels whose promised day is over, beside what was said of them."""
