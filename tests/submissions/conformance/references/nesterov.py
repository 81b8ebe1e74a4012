"""Nesterov's momentum as Sutskever et al. 2013 have it: the velocity before the look-ahead, L2 decay in the gradient."""


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w = net.weights()
    b = {name: 0 * value for name, value in w.items()}
    for step, multiple in enumerate(rates):
        for name, g in net.gradients(w, step).items():
            g = g + (0.0 if net.kind(name) == "vector" else h.weight_decay) * w[name]
            b[name] = h.momentum * b[name] + g
            w[name] = w[name] - h.learning_rate * multiple * (g + h.momentum * b[name])
    return w
