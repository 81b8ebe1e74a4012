"""NorMuon, arXiv:2510.05491, algorithm 1, with the norm of the orthogonal direction kept as in the official code."""


def newton_schulz(x):
    """Return the polynomial of the singular values, five times."""
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        x = 3.4445 * x - 4.775 * x @ x.T @ x + 2.0315 * x @ x.T @ x @ x.T @ x
    return x


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w = net.weights()
    m, v = ({name: 0 * value for name, value in w.items()} for _ in range(2))
    rows = {}
    for step, multiple in enumerate(rates):
        t = step + 1
        for name, g in net.gradients(w, step).items():
            decay = 0.0 if net.kind(name) == "vector" else h.weight_decay
            if net.kind(name) in ("matrix", "convolution"):
                lr = h.learning_rate * multiple
                m[name] = h.momentum * m[name] + (1 - h.momentum) * g
                o = newton_schulz((h.momentum * m[name] + (1 - h.momentum) * g).flatten(1))
                rows[name] = h.row_beta * rows.get(name, 0) + (1 - h.row_beta) * (o**2).mean(1)
                even = o / (rows[name].sqrt() + 1e-10)[:, None]
                u = even * o.norm() / even.norm() * max(1.0, o.shape[0] / o.shape[1]) ** 0.5
            else:
                lr = h.adamw_learning_rate * multiple
                m[name] = h.beta1 * m[name] + (1 - h.beta1) * g
                v[name] = h.beta2 * v[name] + (1 - h.beta2) * g**2
                u = m[name] / (1 - h.beta1**t) / ((v[name] / (1 - h.beta2**t)).sqrt() + h.epsilon)
            w[name] = w[name] - lr * (u.reshape(g.shape) + decay * w[name])
    return w
