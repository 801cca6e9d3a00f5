"""Journeys told by milestones: freight legs with a planned and an effective duration for each step, in hours."""
