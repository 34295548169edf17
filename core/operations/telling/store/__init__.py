"""Where the telling of each student is kept."""
