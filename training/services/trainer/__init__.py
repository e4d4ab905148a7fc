"""Training runs at work: checked, launched, supervised on their node, and taken into the registry."""
