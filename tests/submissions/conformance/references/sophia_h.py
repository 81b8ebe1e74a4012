"""Sophia-H, arXiv:2305.14342, algorithms 1 and 3, with cosine decay over the charge: a Hessian product costs three batches."""

import math

import torch

PROCEDURE = True
STEPS = 20
HYPERPARAMETERS = {"hessian_fraction": 1.0, "interval": 5, "gamma": 5.0, "beta2": 0.5}
REASON = "the product of the whole batch, often enough that its average matters, and a scale at which some steps are clipped"


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w = net.weights()
    m, curvature = ({name: 0 * value for name, value in w.items()} for _ in range(2))
    charged, clipped = 0, []
    for step in range(len(rates)):
        lr = h.learning_rate * (1 + math.cos(math.pi * min(charged / len(rates), 1))) / 2
        if step % h.interval == 0:
            charged += 3
            generator = torch.Generator().manual_seed(step)
            u = {name: 2.0 * torch.randint(0, 2, value.shape, generator=generator) - 1 for name, value in w.items()}
            for name, product in products(net, w, u, step).items():
                curvature[name] = h.beta2 * curvature[name] + (1 - h.beta2) * u[name] * product
        charged += 1
        for name, g in net.gradients(w, step).items():
            decay = 0.0 if net.kind(name) == "vector" else h.weight_decay
            m[name] = h.beta1 * m[name] + (1 - h.beta1) * g
            ratio = m[name] / (h.gamma * curvature[name]).clamp(min=1e-12)
            clipped.append(float((ratio.abs() > 1).double().mean()))
            w[name] = w[name] * (1 - lr * decay) - lr * ratio.clamp(-1, 1)
    assert 0.1 < sum(clipped) / len(clipped) < 0.9
    return w


def products(net, w, u, step):
    """Return the Hessian of a step's loss times u."""
    leaves = {name: value.detach().requires_grad_() for name, value in w.items()}
    gradients = torch.autograd.grad(net.loss(leaves, step), list(leaves.values()), create_graph=True)
    total = sum((g * u[name]).sum() for name, g in zip(leaves, gradients, strict=True))
    return dict(zip(leaves, torch.autograd.grad(total, list(leaves.values())), strict=True))
