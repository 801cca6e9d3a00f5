"""Where a parcel is and when it comes, for customer service and tracking pages."""
