"""Generated pages of the documentation: `workloads`, `schedules`, and `gallery` (the shapes of the schedules)."""
