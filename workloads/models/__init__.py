"""The workloads' models, in plain PyTorch; imported when a model is built."""
