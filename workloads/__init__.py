"""The workloads: fixed problems on real data, one module each. These modules can be imported without torch."""
