"""Mechanic, arXiv:2306.00144, algorithm 1, over AdamW at rate 1, with the authors' later clipping of the reward."""

import torch

HYPERPARAMETERS = {"first_scale": 1e-4}
STEPS = 20
REASON = "a larger first scale, so that the learned one grows within twenty steps"


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w, start = net.weights(), net.weights()
    mean, square, total = ({name: 0 * value for name, value in w.items()} for _ in range(3))
    decay = torch.tensor([0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999], dtype=torch.float64)
    m, v, r = (torch.zeros(6, dtype=torch.float64) for _ in range(3))
    s = torch.full((6,), h.first_scale, dtype=torch.float64)
    for step, multiple in enumerate(rates):
        g = net.gradients(w, step)
        size, length = (sum(float((x**2).sum()) for x in part.values()) ** 0.5 for part in (g, w))
        pull = h.pull * float(s.sum()) * size / (length + 1e-8)
        reward = sum(float(((g[name] + pull * w[name]) * total[name]).sum()) for name in w)
        for name in w:
            mean[name] = h.beta1 * mean[name] + (1 - h.beta1) * g[name]
            square[name] = h.beta2 * square[name] + (1 - h.beta2) * g[name] ** 2
            scale = (square[name] / (1 - h.beta2 ** (step + 1))).sqrt() + h.epsilon
            wd = 0.0 if net.kind(name) == "vector" else h.weight_decay
            change = mean[name] / (1 - h.beta1 ** (step + 1)) / scale + wd * w[name]
            total[name] = total[name] + h.learning_rate * multiple * change
        r = decay * r + torch.full((6,), reward, dtype=torch.float64).clamp(-m, m) * s
        m = torch.maximum(decay * m, torch.full_like(m, abs(reward) + 1e-8))
        v = decay**2 * v + reward**2
        s = (h.first_scale / 6 * m + r.clamp(min=0)) / (v.sqrt() + 1e-8)
        w = {name: start[name] - float(s.sum()) * total[name] for name in w}
    assert s.sum() > 3 * h.first_scale, "the scale must have grown"
    return w
