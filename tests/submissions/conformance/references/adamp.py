"""AdamP, arXiv:2006.08217, algorithm 2, with the test for scale-free weights of its section 3."""

from tests.submissions.conformance.references._projection import project

HYPERPARAMETERS = {"delta": 1.0}
REASON = "at the default few tensors of the net are taken as scale-free"


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
