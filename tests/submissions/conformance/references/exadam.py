"""EXAdam, arXiv:2412.20302, algorithm 1 with a constant step size."""


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w = net.weights()
    m, v = ({name: 0 * value for name, value in w.items()} for _ in range(2))
    for step, multiple in enumerate(rates):
        lr, t = h.learning_rate * multiple, step + 1
        for name, g in net.gradients(w, step).items():
            m[name] = h.beta1 * m[name] + (1 - h.beta1) * g
            v[name] = h.beta2 * v[name] + (1 - h.beta2) * g**2
            d1 = 1 + h.beta2**t * v[name] / (v[name] + h.epsilon)
            d2 = 1 + h.beta1**t * m[name] ** 2 / (m[name] ** 2 + h.epsilon)
            top = (m[name] + g) * d1 / (1 - h.beta1**t)
            u = top / ((v[name] * d2 / (1 - h.beta2**t)).sqrt() + h.epsilon)
            decay = 0.0 if net.kind(name) == "vector" else h.weight_decay
            w[name] = w[name] - lr * (u + decay * w[name])
    return w
