"""Shampoo, arXiv:1802.09568, algorithm 1, with averages for sums and the norm of AdamW's step, arXiv:2002.11803."""

import torch

TOLERANCE = 1e-6
REASON = "inverse roots of factors with a null space amplify rounding errors"
HYPERPARAMETERS = {"refresh": 3}


def inverse_root(c, damping):
    """Return the matrix to the power -1/4, by its singular values."""
    u, s, _ = torch.linalg.svd(c)
    return u @ torch.diag((s + damping * s.max()) ** -0.25) @ u.T


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w = net.weights()
    m, v = ({name: 0 * value for name, value in w.items()} for _ in range(2))
    left, right, roots = {}, {}, {}
    for step, multiple in enumerate(rates):
        lr, t = h.learning_rate * multiple, step + 1
        for name, g in net.gradients(w, step).items():
            m[name] = h.beta1 * m[name] + (1 - h.beta1) * g
            v[name] = h.beta2 * v[name] + (1 - h.beta2) * g**2
            adam = m[name] / (1 - h.beta1**t) / ((v[name] / (1 - h.beta2**t)).sqrt() + h.epsilon)
            if net.kind(name) == "vector":
                w[name] = w[name] - lr * adam
                continue
            flat = g.flatten(1)
            left[name] = h.shampoo_beta * left.get(name, 0) + (1 - h.shampoo_beta) * flat @ flat.T
            right[name] = h.shampoo_beta * right.get(name, 0) + (1 - h.shampoo_beta) * flat.T @ flat
            if step % h.refresh == 0:
                bias = 1 - h.shampoo_beta**t
                roots[name] = [inverse_root(c[name] / bias, h.damping) for c in (left, right)]
            found = roots[name][0] @ m[name].flatten(1) @ roots[name][1]
            direction = (found * adam.norm() / found.norm()).reshape(g.shape)
            w[name] = w[name] - lr * (direction + h.weight_decay * w[name])
    return w
