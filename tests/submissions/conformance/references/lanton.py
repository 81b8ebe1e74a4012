"""LANTON, arXiv:2510.14009, as the row declares it: the paper's algorithm from a secondary source, the row's lengths."""

HYPERPARAMETERS = {"noise_floor": 0.1, "weight_decay": 0.05}
REASON = "the noise of the small net must matter beside the floor"
GROUPS = {"matrix": "hidden", "convolution": "hidden", "embedding": "outer", "output": "outer", "vector": "vector"}


def newton_schulz(x):
    """Return the polynomial of the singular values, five times."""
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        x = 3.4445 * x - 4.775 * x @ x.T @ x + 2.0315 * x @ x.T @ x @ x.T @ x
    return x


def dual(d, group):
    """Return the norm of a gradient that is dual to that of its group's steps."""
    if group == "hidden":
        d = d.flatten(1)
        return (d @ newton_schulz(d).T).trace()
    return d.abs().sum() if group == "outer" else d.norm() * d.numel() ** 0.5


def direction(m, group):
    """Return the direction of a momentum, of root mean square about 1."""
    if group == "hidden":
        flat = m.flatten(1)
        return (newton_schulz(flat) * max(flat.shape) ** 0.5).reshape(m.shape)
    return m.sign() if group == "outer" else m / (m.norm() / m.numel() ** 0.5 + 1e-8)


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w, m, last = net.weights(), {}, {}
    noise = dict.fromkeys(w, 0.0)
    for step, multiple in enumerate(rates):
        gradients, groups = net.gradients(w, step), {name: GROUPS[net.kind(name)] for name in w}
        if step:
            noise = {
                name: h.noise_beta * noise[name] + (1 - h.noise_beta) * float(dual(g - last[name], groups[name])) ** 2
                for name, g in gradients.items()
            }
        a = {name: h.noise_floor / (h.noise_floor**2 + noise[name]) ** 0.5 for name in w}
        for name, g in gradients.items():
            largest = max(a[other] for other in w if groups[other] == groups[name])
            lr, decay = h.learning_rate * multiple, 0.0 if groups[name] == "vector" else h.weight_decay
            m[name] = h.momentum * m.get(name, 0 * g) + (1 - h.momentum) * g
            u = 0.2 * (a[name] / largest) ** 0.5 * direction(m[name], groups[name])
            w[name] = w[name] * (1 - lr * decay) - lr * u
        last = gradients
    assert min(a.values()) < 0.5 * max(a.values())
    return w
