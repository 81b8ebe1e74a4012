"""AdamP, arXiv:2006.08217, algorithm 2, with the test for scale-free weights of its section 3."""

HYPERPARAMETERS = {"delta": 1.0}
REASON = "at the default few tensors of the net are taken as scale-free"


def project(w, g, u, h):
    """Return the direction and the factor of weight decay."""
    if w.ndim < 2:
        return u, 1.0
    for rows in (len(w), 1):
        a, b, c = (x.reshape(rows, -1) for x in (w, g, u))
        cosine = (a * b).sum(1).abs() / (a.norm(dim=1) + h.epsilon) / (b.norm(dim=1) + h.epsilon)
        if cosine.max() < h.delta / a.shape[1] ** 0.5:
            unit = a / (a.norm(dim=1, keepdim=True) + h.epsilon)
            return (c - unit * (unit * c).sum(1, keepdim=True)).reshape(u.shape), h.decay_ratio
    return u, 1.0


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w = net.weights()
    m, v = ({name: 0 * value for name, value in w.items()} for _ in range(2))
    for step, multiple in enumerate(rates):
        lr, t = h.learning_rate * multiple, step + 1
        for name, g in net.gradients(w, step).items():
            m[name] = h.beta1 * m[name] + (1 - h.beta1) * g
            v[name] = h.beta2 * v[name] + (1 - h.beta2) * g**2
            u = m[name] / (1 - h.beta1**t) / ((v[name] / (1 - h.beta2**t)).sqrt() + h.epsilon)
            u, ratio = project(w[name], g, u, h)
            decay = 0.0 if net.kind(name) == "vector" else h.weight_decay * ratio
            w[name] = w[name] * (1 - lr * decay) - lr * u
    return w
