"""Races an optimizer that this script defines against AdamW, both under cosine decay, on handwritten digits.

python examples/race_an_optimizer.py [RESULTS]
"""

import sys

import torch

import timetrial as tt


@tt.optimizer(defaults={"learning_rate": 0.02, "momentum": 0.9})
def heavy_ball(model, hyperparameters):
    """SGD with momentum, and weight decay on matrices only."""
    groups = tt.decay_groups(model, 0.01)
    return torch.optim.SGD(groups, lr=hyperparameters.learning_rate, momentum=hyperparameters.momentum)


if __name__ == "__main__":
    results = sys.argv[1] if len(sys.argv) > 1 else "results/optimizer"
    board = tt.race([(heavy_ball, "cosine"), "adamw+cosine"], studies=2, trials=1, results=results)
    print(board)
    board.frame.to_csv(f"{results}/board.csv", index=False)
