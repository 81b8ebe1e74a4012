"""Schedule-Free SGD, arXiv:2405.15682, equations 3 to 5, with averaging weights of the squared largest rate so far."""

HYPERPARAMETERS = {"weight_decay": 0.01}


def reference(net, h, rates):
    """Return the weights y, at which gradients are computed, after as many steps as there are rates."""
    x, y, z = net.weights(), net.weights(), net.weights()
    largest = total = 0.0
    for step, multiple in enumerate(rates):
        lr = h.learning_rate * multiple
        largest = max(largest, lr)
        total += largest**2
        for name, g in net.gradients(y, step).items():
            decay = 0.0 if net.kind(name) == "vector" else h.weight_decay
            z[name] = z[name] - lr * (g + decay * y[name])
            x[name] = x[name] + largest**2 / total * (z[name] - x[name])
            y[name] = (1 - h.momentum) * z[name] + h.momentum * x[name]
    return y
