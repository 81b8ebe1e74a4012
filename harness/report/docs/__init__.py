"""Generated pages of docs/: the galleries of workloads and of submissions."""
