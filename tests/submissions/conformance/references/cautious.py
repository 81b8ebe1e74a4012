"""Cautious AdamW, arXiv:2411.16085, algorithm 1: updates against the gradient are left out, the rest is scaled up."""


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w = net.weights()
    m = {name: 0 * value for name, value in w.items()}
    v = {name: 0 * value for name, value in w.items()}
    for step, multiple in enumerate(rates):
        lr = h.learning_rate * multiple
        for name, g in net.gradients(w, step).items():
            decay = 0.0 if net.kind(name) == "vector" else h.weight_decay
            m[name] = h.beta1 * m[name] + (1 - h.beta1) * g
            v[name] = h.beta2 * v[name] + (1 - h.beta2) * g**2
            size = (v[name] / (1 - h.beta2 ** (step + 1))).sqrt() + h.epsilon
            u = m[name] / (1 - h.beta1 ** (step + 1)) / size
            agrees = (u * g > 0).double()
            w[name] = w[name] - lr * (u * agrees / agrees.mean().clamp(min=1e-3) + decay * w[name])
    return w
