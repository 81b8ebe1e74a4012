"""GaLore, arXiv:2403.03507, algorithm 2, with the projected side of the official code."""

import torch

HYPERPARAMETERS = {"refresh": 4, "weight_decay": 0.1, "rank_share": 0.3}
REASON = "the basis is renewed twice within ten steps, and no rank is that of a gradient"


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w, m, v, bases = net.weights(), {}, {}, {}
    for step, multiple in enumerate(rates):
        lr, t = h.learning_rate * multiple, step + 1
        for name, g in net.gradients(w, step).items():
            decay = 0.0 if net.kind(name) == "vector" else h.weight_decay
            flat, hidden = g.reshape(len(g), -1), net.kind(name) in ("matrix", "convolution")
            left = flat.shape[0] < flat.shape[1]
            if hidden and step % h.refresh == 0:
                u, _, vh = torch.linalg.svd(flat, full_matrices=True)
                q = (u if left else vh.T)[:, : max(1, round(h.rank_share * min(flat.shape)))]
                bases[name] = torch.stack([c * c[c.abs().argmax()].sign() for c in q.T], 1)
            q = bases.get(name)
            r = g if not hidden else q.T @ flat if left else flat @ q
            m[name] = h.beta1 * m.get(name, 0 * r) + (1 - h.beta1) * r
            v[name] = h.beta2 * v.get(name, 0 * r) + (1 - h.beta2) * r**2
            u = m[name] / (1 - h.beta1**t) / ((v[name] / (1 - h.beta2**t)).sqrt() + h.epsilon)
            if hidden:
                u = (h.galore_scale * (q @ u if left else u @ q.T)).reshape(g.shape)
            w[name] = w[name] - lr * (u + decay * w[name])
    return w
