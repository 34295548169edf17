"""Demo data: a school's people, exams, bookings and balances, and a mirror that has drifted."""
