"""One date for a product page, cacheable by browsers and content delivery networks."""
