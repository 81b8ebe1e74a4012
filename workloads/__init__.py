"""The workloads: fixed problems on real data, one module each; modules here import without torch."""
