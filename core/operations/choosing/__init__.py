"""From what somebody chose to a plan: lists, selections, previews."""
