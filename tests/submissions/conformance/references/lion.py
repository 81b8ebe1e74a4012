"""Lion, arXiv:2302.06675, algorithm 2."""


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w = net.weights()
    m = {name: 0 * value for name, value in w.items()}
    for step, multiple in enumerate(rates):
        lr = h.learning_rate * multiple
        for name, g in net.gradients(w, step).items():
            decay = 0.0 if net.kind(name) == "vector" else h.weight_decay
            sign = (h.beta1 * m[name] + (1 - h.beta1) * g).sign()
            w[name] = w[name] - lr * (sign + decay * w[name])
            m[name] = h.beta2 * m[name] + (1 - h.beta2) * g
    return w
