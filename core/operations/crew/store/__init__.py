"""What the journal keeps of groups that several workers carry."""
