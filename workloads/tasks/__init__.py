"""What is predicted: losses and metrics that several workloads share."""
