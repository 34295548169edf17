"""Students are told of what was done to their bookings, once each."""
