"""The words and the arithmetic of delivery promises."""
