"""Students and exams on the screen."""
