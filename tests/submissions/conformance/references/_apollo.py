"""APOLLO, arXiv:2412.05270, algorithm 1, in the order of the official code and with the noise that the rows declare."""

import torch


def train(net, h, rates, rank_of, whole):
    """Return the weights after as many steps as there are rates.

    Args:
        net, h, rates: as of a reference.
        rank_of: returns the rank for the shorter side of a matrix.
        whole: whether a matrix has one factor, not one per channel.
    """
    w, m, v, noise, last = net.weights(), {}, {}, {}, {}
    for step, multiple in enumerate(rates):
        lr, t = h.learning_rate * multiple, step + 1
        for name, g in net.gradients(w, step).items():
            decay = 0.0 if net.kind(name) == "vector" else h.weight_decay
            flat, hidden = g.reshape(len(g), -1), net.kind(name) in ("matrix", "convolution")
            left, short = flat.shape[0] < flat.shape[1], min(flat.shape)
            if hidden and step % h.refresh == 0:
                rank = rank_of(short)
                noise[name] = torch.randn(short, rank, generator=torch.Generator().manual_seed(t), dtype=g.dtype) / rank**0.5
            r = g if not hidden else noise[name].T @ flat if left else flat @ noise[name]
            m[name] = h.beta1 * m.get(name, 0 * r) + (1 - h.beta1) * r
            v[name] = h.beta2 * v.get(name, 0 * r) + (1 - h.beta2) * r**2
            if hidden:
                adam = m[name] / (v[name].sqrt() + h.epsilon)
                sides = (0, 1) if whole else 1 - left
                u = flat * adam.norm(dim=sides, keepdim=True) / (r.norm(dim=sides, keepdim=True) + 1e-8)
                u = u * min(1.0, 1.01 * float((last.get(name, u.norm()) + 1e-8) / u.norm()))
                last[name] = u.norm()
                u = (u * h.apollo_scale**0.5 * (1 - h.beta2**t) ** 0.5 / (1 - h.beta1**t)).reshape(g.shape)
            else:
                u = m[name] / (1 - h.beta1**t) / ((v[name] / (1 - h.beta2**t)).sqrt() + h.epsilon)
            w[name] = w[name] - lr * (u + decay * w[name])
    return w
