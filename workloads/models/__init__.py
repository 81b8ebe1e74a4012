"""The workloads' models, in plain PyTorch; a workload imports them when it builds its model."""
