"""AdEMAMix, arXiv:2409.03137, algorithm 1, with the warm-ups of alpha and beta3 of its section 3."""

import math

HYPERPARAMETERS = {"warmup_steps": 6, "slow_weight": 8.0, "beta3": 0.99}
REASON = "the warm-ups are off by default"


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w = net.weights()
    m, v, s = ({name: 0 * value for name, value in w.items()} for _ in range(3))
    for step, multiple in enumerate(rates):
        lr, t = h.learning_rate * multiple, step + 1
        done = min(t / h.warmup_steps, 1.0)
        # The half-life -log 2 / log(beta) of the slow average grows linearly.
        life = (1 - done) / math.log(h.beta1) + done / math.log(h.beta3)
        beta3 = math.exp(1 / life)
        for name, g in net.gradients(w, step).items():
            m[name] = h.beta1 * m[name] + (1 - h.beta1) * g
            s[name] = beta3 * s[name] + (1 - beta3) * g
            v[name] = h.beta2 * v[name] + (1 - h.beta2) * g**2
            top = m[name] / (1 - h.beta1**t) + h.slow_weight * done * s[name]
            decay = 0.0 if net.kind(name) == "vector" else h.weight_decay
            w[name] = w[name] * (1 - lr * decay) - lr * top / ((v[name] / (1 - h.beta2**t)).sqrt() + h.epsilon)
    return w
