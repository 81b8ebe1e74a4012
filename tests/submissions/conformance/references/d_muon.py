"""Muon for all sizes, arXiv:2502.16982, equation 4 and appendix: one rate, hidden matrices at .2 sqrt(max(rows, columns))."""


def newton_schulz(x):
    """Return the polynomial of the singular values, five times, by an eigenvector-free recursion over x x^T."""
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        x = 3.4445 * x - 4.775 * x @ x.T @ x + 2.0315 * x @ x.T @ x @ x.T @ x
    return x


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w = net.weights()
    m, v = ({name: 0 * value for name, value in w.items()} for _ in range(2))
    for step, multiple in enumerate(rates):
        lr, t = h.learning_rate * multiple, step + 1
        for name, g in net.gradients(w, step).items():
            decay = 0.0 if net.kind(name) == "vector" else h.weight_decay
            if net.kind(name) in ("matrix", "convolution"):
                m[name] = h.momentum * m[name] + (1 - h.momentum) * g
                ahead = (h.momentum * m[name] + (1 - h.momentum) * g).flatten(1)
                u = (0.2 * max(ahead.shape) ** 0.5 * newton_schulz(ahead)).reshape(g.shape)
            else:
                m[name] = h.beta1 * m[name] + (1 - h.beta1) * g
                v[name] = h.beta2 * v[name] + (1 - h.beta2) * g**2
                u = m[name] / (1 - h.beta1**t) / ((v[name] / (1 - h.beta2**t)).sqrt() + h.epsilon)
            w[name] = w[name] - lr * (u + decay * w[name])
    return w
