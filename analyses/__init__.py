"""Code behind the studies in docs/: claims, AlgoPerf's v0.5 table with error bars, the loss law's error, replays of pruning."""
