"""The race, and the executors that run its trials: in this process, or over Ray Tune."""
