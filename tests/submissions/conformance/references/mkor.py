"""MKOR, arXiv:2306.01685, section 3, in the order of the official code, over LAMB without a trust ratio of vectors."""

import torch
from torch.nn import functional as F

from tests.submissions.conformance.net import batch_indices, examples

HYPERPARAMETERS = {"refresh": 3, "factor_beta": 0.8, "weight_decay": 0.05}
REASON = "the factors are learnt three times within ten steps, and matter"
LAYERS = ("convolution", "first", "second", "output")


def inputs(w, step):
    """Return {layer: its inputs, [rows, size]} of the batch of a step, from a forward pass that is written out."""
    images, tokens = (examples()[name][batch_indices(step)] for name in ("images", "tokens"))
    kernel, bias = w["convolution.weight"], w["convolution.bias"]
    patches = torch.stack([images[:, :, i : i + 3, j : j + 3].flatten(1) for i in range(3) for j in range(3)], 1)
    seen = torch.tanh(patches @ kernel.flatten(1).T + bias).mean(1)
    first = torch.cat([seen, w["embedding.weight"][tokens].mean(1)], 1)
    normal = F.layer_norm(first @ w["first.weight"].T + w["first.bias"], (12,), w["norm.weight"], w["norm.bias"])
    second = torch.tanh(normal)
    output = torch.tanh(second @ w["second.weight"].T + w["second.bias"])
    return {"convolution": patches.flatten(0, 1), "first": first, "second": second, "output": output}


def learnt(inverse, v, h):
    """Return an inverse factor after the inverse of what it inverts has grown by v v^T."""
    v = v.clamp(-100, 100)
    kept = h.factor_beta * inverse + (1 - h.factor_beta) * torch.eye(len(v), dtype=v.dtype)
    return torch.linalg.inv(torch.linalg.inv(kept) + torch.outer(v, v))


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w, m, v, left, right = net.weights(), {}, {}, {}, {}
    for step, multiple in enumerate(rates):
        gradients, seen = net.gradients(w, step), inputs(w, step)
        for layer in LAYERS:
            weight, bias = gradients[f"{layer}.weight"], gradients[f"{layer}.bias"]
            whole = torch.cat([weight.flatten(1), bias[:, None]], 1)
            if step == 0:
                left[layer], right[layer] = (torch.eye(size, dtype=whole.dtype) for size in whole.shape)
            elif step % h.refresh == 0:
                left[layer] = learnt(left[layer], bias / (9 if layer == "convolution" else 1), h)
                right[layer] = learnt(right[layer], torch.cat([seen[layer].mean(0), torch.ones(1, dtype=whole.dtype)]), h)
            found = left[layer] @ whole @ right[layer]
            ratio = (weight.norm() + bias.norm()) / (found[:, :-1].norm() + found[:, -1].norm())
            gradients[f"{layer}.weight"] = ratio * found[:, :-1].reshape(weight.shape)
            gradients[f"{layer}.bias"] = ratio * found[:, -1]
        for name, g in gradients.items():
            m[name] = h.beta1 * m.get(name, 0) + (1 - h.beta1) * g
            v[name] = h.beta2 * v.get(name, 0) + (1 - h.beta2) * g**2
            u = m[name] / (1 - h.beta1 ** (step + 1)) / ((v[name] / (1 - h.beta2 ** (step + 1))).sqrt() + h.epsilon)
            if net.kind(name) != "vector":
                u = u + h.weight_decay * w[name]
                u = u * w[name].norm() / u.norm()
            w[name] = w[name] - h.learning_rate * multiple * u
    assert max(float((factor - torch.eye(len(factor))).abs().max()) for factor in left.values()) > 1e-4
    return w
