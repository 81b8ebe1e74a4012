"""MoMo-Adam, arXiv:2305.07583, algorithm 3; the step minimises its model, found by bisection instead of a closed form."""

HYPERPARAMETERS = {"weight_decay": 0.1, "learning_rate": 0.3, "lower_bound": 0.5}
REASON = "a bound above 0, and a rate at which the model of the loss decides some of the steps and the rate others"


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w = net.weights()
    d, v = ({name: 0 * value for name, value in w.items()} for _ in range(2))
    f, c, limited = 0.0, 0.0, []
    for step, multiple in enumerate(rates):
        g, known = net.gradients(w, step), 1 - h.beta1 ** (step + 1)
        lr = h.learning_rate * multiple
        d = {name: h.beta1 * d[name] + (1 - h.beta1) * g[name] for name in w}
        v = {name: h.beta2 * v[name] + (1 - h.beta2) * g[name] ** 2 for name in w}
        f = h.beta1 * f + (1 - h.beta1) * float(net.loss(w, step))
        c = h.beta1 * c + (1 - h.beta1) * sum(float((g[name] * w[name]).sum()) for name in w)
        u = {name: d[name] / ((v[name] / (1 - h.beta2 ** (step + 1))).sqrt() + h.epsilon) for name in w}
        low, high = 0.0, lr / known
        for _ in range(200):
            t = (low + high) / 2
            moved = moving(net, h, w, u, lr, t)
            above = f - c + sum(float((d[name] * moved[name]).sum()) for name in w) > known * h.lower_bound
            low, high = (t, high) if above else (low, t)
        limited.append(low < 0.999 * lr / known)
        w = moving(net, h, w, u, lr, low)
    assert any(limited) and not all(limited), "the model must decide some of the steps"
    return w


def moving(net, h, w, u, lr, t):
    """Return the weights after a proximal step: decay shrinks matrices by 1 + lr wd."""
    shrink = {name: 1 + lr * (0.0 if net.kind(name) == "vector" else h.weight_decay) for name in w}
    return {name: (w[name] - t * u[name]) / shrink[name] for name in w}
