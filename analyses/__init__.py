"""Code behind the studies in docs/. It is not part of the installed package: run the commands from a checkout.

| command                             | what it prints                                                   | page               |
|-------------------------------------|------------------------------------------------------------------|--------------------|
| python -m analyses.claims           | planned comparisons of papers' claims, measured and judged       | docs/claims.md     |
| python -m analyses.loss_law         | errors of the loss law on schedules that it was not fitted to    | docs/loss_law.md   |
| python -m analyses.algoperf_v05     | AlgoPerf v0.5's scores and ranks with intervals                  | docs/algoperf.md   |
| python -m analyses.algoperf_pruning | hours that pruning would have saved AlgoPerf v0.5                | docs/scoring.md    |
| python -m analyses.pruning_replay   | what pruning saves, from an unpruned run; whether boards agree   | docs/scoring.md    |
| python -m analyses.coverage         | coverage of speed-ups, ranks and tests on simulated boards       | docs/coverage.md   |
| python -m analyses.agreement        | separable pairs of a board; agreement of halves of its workloads | docs/statistics.md |
| python -m analyses.suite_trials     | costs of a suite's trials, and when they meet their targets      | docs/workloads.md  |

The other modules serve these commands: `comparisons` and `optimizer_comparisons` hold the planned comparisons as data,
`claim_savings` and `loss_law_claim` measure them, `claim_verdicts` judges them, `claim_table` and `trained` make the tables;
`official_table`, `score_differences` and `algoperf_simulation` compute what `algoperf_v05` prints; `recorded_race` and
`first_hit_race` simulate pruned races; `simulated_boards` makes the boards of `coverage`; `split_halves` compares the halves of
`agreement`; `markdown` formats tables. `claimed/` holds plug-ins that only a comparison needs.
"""
