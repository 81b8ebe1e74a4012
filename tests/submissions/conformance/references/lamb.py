"""LAMB, arXiv:1904.00962, algorithm 2, with Adam's bias correction."""


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w = net.weights()
    m = {name: 0 * value for name, value in w.items()}
    v = {name: 0 * value for name, value in w.items()}
    for step, multiple in enumerate(rates):
        lr = h.learning_rate * multiple
        for name, g in net.gradients(w, step).items():
            m[name] = h.beta1 * m[name] + (1 - h.beta1) * g
            v[name] = h.beta2 * v[name] + (1 - h.beta2) * g**2
            size = (v[name] / (1 - h.beta2 ** (step + 1))).sqrt() + h.epsilon
            r = m[name] / (1 - h.beta1 ** (step + 1)) / size
            ratio = 1.0
            if net.kind(name) != "vector":
                r = r + h.weight_decay * w[name]
                ratio = w[name].norm() / r.norm()
            w[name] = w[name] - lr * ratio * r
    return w
