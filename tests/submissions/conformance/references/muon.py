"""Muon, kellerjordan.github.io/posts/muon, with Nesterov momentum and longer steps of tall matrices; AdamW for the rest."""

import torch

TOLERANCE = 1e-6
REASON = "the iterations run in bfloat16, whose rounding errors depend on the order of operations"


def newton_schulz(g):
    """Return the polynomial of the singular values, five times, in bfloat16, with the shorter side first."""
    x = (g if g.shape[0] <= g.shape[1] else g.T).to(torch.bfloat16)
    x = x / x.norm().clamp(min=1e-7)
    for _ in range(5):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=-4.775, alpha=2.0315), x, beta=3.4445)
    return (x if g.shape[0] <= g.shape[1] else x.T).double()


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w = net.weights()
    m, v = ({name: 0 * value for name, value in w.items()} for _ in range(2))
    for step, multiple in enumerate(rates):
        for name, g in net.gradients(w, step).items():
            decay = 0.0 if net.kind(name) == "vector" else h.weight_decay
            if net.kind(name) in ("matrix", "convolution"):
                lr = h.learning_rate * multiple
                m[name] = h.momentum * m[name] + (1 - h.momentum) * g
                ahead = (h.momentum * m[name] + (1 - h.momentum) * g).flatten(1)
                u = newton_schulz(ahead) * max(1.0, ahead.shape[0] / ahead.shape[1]) ** 0.5
            else:
                lr, t = h.adamw_learning_rate * multiple, step + 1
                m[name] = h.beta1 * m[name] + (1 - h.beta1) * g
                v[name] = h.beta2 * v[name] + (1 - h.beta2) * g**2
                u = m[name] / (1 - h.beta1**t) / ((v[name] / (1 - h.beta2**t)).sqrt() + h.epsilon)
            w[name] = w[name] - lr * (u.reshape(g.shape) + decay * w[name])
    return w
