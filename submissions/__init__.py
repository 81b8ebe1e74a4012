"""Built-in submissions: one file each."""
