"""LARS, arXiv:1708.03888, algorithm 1, the rate outside the momentum."""


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w = net.weights()
    b = {name: 0 * value for name, value in w.items()}
    for step, multiple in enumerate(rates):
        for name, g in net.gradients(w, step).items():
            lr, used = h.vector_learning_rate, g
            if net.kind(name) != "vector":
                lr, wd = h.learning_rate, h.weight_decay
                local = h.trust * w[name].norm() / (g.norm() + wd * w[name].norm())
                used = local * (g + wd * w[name])
            b[name] = h.momentum * b[name] + used
            w[name] = w[name] - lr * multiple * b[name]
    return w
