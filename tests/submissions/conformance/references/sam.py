"""Sharpness-aware minimisation, arXiv:2010.01412, algorithm 1, over AdamW with cosine decay; a step costs two batches."""

import math

PROCEDURE = True
STEPS = 20


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w = net.weights()
    m, v = ({name: 0 * value for name, value in w.items()} for _ in range(2))
    for step in range(len(rates)):
        lr, t = h.learning_rate * (1 + math.cos(math.pi * min(2 * step / len(rates), 1))) / 2, step + 1
        first = net.gradients(w, step)
        norm = sum(float((g**2).sum()) for g in first.values()) ** 0.5
        worse = {name: w[name] + h.rho * g / norm for name, g in first.items()}
        for name, g in net.gradients(worse, step).items():
            decay = 0.0 if net.kind(name) == "vector" else h.weight_decay
            m[name] = h.beta1 * m[name] + (1 - h.beta1) * g
            v[name] = h.beta2 * v[name] + (1 - h.beta2) * g**2
            u = m[name] / (1 - h.beta1**t) / ((v[name] / (1 - h.beta2**t)).sqrt() + 1e-8)
            w[name] = w[name] - lr * (u + decay * w[name])
    return w
