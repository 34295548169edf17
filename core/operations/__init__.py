"""Operations: what changes credits and seats, from the preview to the last follow-up."""
