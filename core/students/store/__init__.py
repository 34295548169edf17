"""Where acts on whole exams are kept."""
