"""What staff and student apps ask for: students, exams, bookings."""
