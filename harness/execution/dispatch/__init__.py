"""Trials in worker processes: the driver hands them out one ahead, and no worker's death ends the run."""
