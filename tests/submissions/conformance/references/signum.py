"""Signum, arXiv:1802.04434, algorithm 2, with decoupled decay."""


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w = net.weights()
    m = {name: 0 * value for name, value in w.items()}
    for step, multiple in enumerate(rates):
        for name, g in net.gradients(w, step).items():
            m[name] = h.momentum * m[name] + (1 - h.momentum) * g
            decay = 0.0 if net.kind(name) == "vector" else h.weight_decay
            w[name] = w[name] - h.learning_rate * multiple * (m[name].sign() + decay * w[name])
    return w
