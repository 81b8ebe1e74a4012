"""COCOB-Backprop, arXiv:1705.07795, algorithm 2, for every coordinate."""

import torch

HYPERPARAMETERS = {"weight_decay": 0.01, "fraction_limit": 4.0}
REASON = "a smaller alpha, so that within ten steps both branches of the denominator are taken"


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w, start = net.weights(), net.weights()
    largest = {name: torch.full_like(value, 1e-8) for name, value in w.items()}
    sizes, reward, theta = ({name: 0 * value for name, value in w.items()} for _ in range(3))
    for step, multiple in enumerate(rates):
        for name, g in net.gradients(w, step).items():
            decay = 0.0 if net.kind(name) == "vector" else h.weight_decay
            g = h.learning_rate * multiple * (g + decay * w[name])
            largest[name] = torch.maximum(largest[name], g.abs())
            sizes[name] = sizes[name] + g.abs()
            reward[name] = (reward[name] - (w[name] - start[name]) * g).clamp(min=0)
            theta[name] = theta[name] - g
            bottom = torch.maximum(sizes[name] + largest[name], h.fraction_limit * largest[name])
            w[name] = start[name] + theta[name] / (largest[name] * bottom) * (largest[name] + reward[name])
    return w
