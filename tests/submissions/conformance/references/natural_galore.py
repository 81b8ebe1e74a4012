"""Natural GaLore, arXiv:2410.16029: Woodbury's identity over a history of projected gradients, then GaLore's Adam."""

import torch

TOLERANCE = 1e-7
HYPERPARAMETERS = {"refresh": 6, "history": 4}
REASON = "the history is full after four steps and the basis renewed after six; the identity is a difference of large numbers"


def natural(history, damping):
    """Return the natural gradient of the last vector of a history."""
    g, columns = history[-1], torch.stack(history, 1)
    inner = torch.eye(len(history), dtype=g.dtype) + columns.T @ columns / damping
    return g / damping - columns @ torch.linalg.inv(inner) @ columns.T @ g / damping**2


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w, m, v, bases, seen = net.weights(), {}, {}, {}, {}
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
            q, r = bases.get(name), g
            if hidden:
                low = q.T @ flat if left else flat @ q
                seen[name] = [*seen.get(name, []), low.reshape(-1)][-h.history :]
                r = natural(seen[name], h.damping).reshape(low.shape)
            m[name] = h.beta1 * m.get(name, 0 * r) + (1 - h.beta1) * r
            v[name] = h.beta2 * v.get(name, 0 * r) + (1 - h.beta2) * r**2
            u = m[name] / (1 - h.beta1**t) / ((v[name] / (1 - h.beta2**t)).sqrt() + h.epsilon)
            if hidden:
                u = (h.galore_scale * (q @ u if left else u @ q.T)).reshape(g.shape)
            w[name] = w[name] - lr * (u + decay * w[name])
    return w
