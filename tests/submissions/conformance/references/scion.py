"""Scion, arXiv:2502.07529, algorithm 1 in its constrained form, with the norms of its table for each kind of layer."""


def newton_schulz(x):
    """Return the polynomial of the singular values, five times."""
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        x = 3.4445 * x - 4.775 * x @ x.T @ x + 2.0315 * x @ x.T @ x @ x.T @ x
    return x


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w = net.weights()
    m = {name: 0 * value for name, value in w.items()}
    for step, multiple in enumerate(rates):
        lr = h.learning_rate * multiple
        for name, g in net.gradients(w, step).items():
            kind = net.kind(name)
            m[name] = h.momentum * m[name] + (1 - h.momentum) * g
            radius, decay = h.radius, h.weight_decay
            if kind in ("matrix", "convolution"):
                out, inside = g.shape[:2]
                kernel = g[0, 0].numel() if kind == "convolution" else 1
                point = newton_schulz(m[name].flatten(1)).reshape(g.shape) * (out / inside) ** 0.5 / kernel
            elif kind == "output":
                radius, point = h.output_radius, m[name].sign() / g.shape[1]
            elif kind == "embedding":
                point = m[name] / ((m[name] ** 2).mean(1) ** 0.5 + 1e-8)[:, None]
            else:
                decay, point = 0.0, m[name] / ((m[name] ** 2).mean() ** 0.5 + 1e-8)
            w[name] = w[name] * (1 - lr * decay) - lr * radius * point
    return w
