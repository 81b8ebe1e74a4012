"""What a trial may do to the process that it runs in, and what is undone or reported after it."""
