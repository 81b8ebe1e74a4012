"""Reads the trials of a results directory, prints the final metric of each submission, and writes all of it as Parquet.

python examples/read_results.py [RESULTS], after examples/race_an_optimizer.py, whose results it reads by default
"""

import sys

import timetrial as tt

if __name__ == "__main__":
    results = sys.argv[1] if len(sys.argv) > 1 else "results/optimizer"
    trials = tt.load_results(results)
    complete = trials[trials["complete"]]
    final = complete["curve"].map(lambda curve: curve["metric"][-1])
    print(complete.assign(final=final).groupby(["workload", "submission"])["final"].describe()[["count", "mean", "min", "max"]])
    trials.to_parquet(f"{results}/trials.parquet")
    print(f"{len(trials)} trials: {results}/trials.parquet")
