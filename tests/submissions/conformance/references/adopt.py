"""ADOPT, arXiv:2411.02853, algorithm 2 with clipping at t^(1/4), decay decoupled."""


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w = net.weights()
    m = {name: 0 * value for name, value in w.items()}
    v = {}
    for t, multiple in enumerate(rates):
        lr = h.learning_rate * multiple
        for name, g in net.gradients(w, t).items():
            if t == 0:
                v[name] = g**2
                continue
            shrunk = (g / v[name].sqrt().clamp(min=h.epsilon)).clamp(-(t**0.25), t**0.25)
            m[name] = h.beta1 * m[name] + (1 - h.beta1) * shrunk
            w[name] = w[name] - lr * (m[name] + (0.0 if net.kind(name) == "vector" else h.weight_decay) * w[name])
            v[name] = h.beta2 * v[name] + (1 - h.beta2) * g**2
    return w
