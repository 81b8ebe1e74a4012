"""Gradient descent with Nesterov's momentum as Sutskever et al. 2013 have it, L2 decay in the gradient."""

ALSO = {"nesterov": False}


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w = net.weights()
    b = {name: 0 * value for name, value in w.items()}
    for step, multiple in enumerate(rates):
        for name, g in net.gradients(w, step).items():
            decayed = g + (0.0 if net.kind(name) == "vector" else h.weight_decay) * w[name]
            b[name] = h.momentum * b[name] + decayed
            used = decayed + h.momentum * b[name] if h.nesterov else b[name]
            w[name] = w[name] - h.learning_rate * multiple * used
    return w
