"""Adafactor, arXiv:1804.04235, algorithms 4 to 6, with the learning rate as the relative step size."""


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w = net.weights()
    r, c, v = (dict.fromkeys(w, 0.0) for _ in range(3))
    for step, multiple in enumerate(rates):
        lr, beta = h.learning_rate * multiple, 1 - (step + 1) ** -h.decay_power
        for name, g in net.gradients(w, step).items():
            s, decay = g**2 + 1e-30, 0.0
            if net.kind(name) == "vector":
                v[name] = beta * v[name] + (1 - beta) * s
                second = v[name]
            else:
                flat, decay = s.flatten(1), h.weight_decay
                r[name] = beta * r[name] + (1 - beta) * flat.sum(1)
                c[name] = beta * c[name] + (1 - beta) * flat.sum(0)
                second = (r[name][:, None] * c[name][None] / r[name].sum()).reshape(g.shape)
            u = g / second.sqrt()
            u = u / max(1.0, float((u**2).mean().sqrt()) / h.clip_rms)
            alpha = lr * max(1e-3, float((w[name] ** 2).mean().sqrt()))
            w[name] = w[name] * (1 - lr * decay) - alpha * u
    return w
