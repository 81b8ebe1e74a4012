"""AdamW, the reference optimizer of every workload."""

from harness import LogUniform, Uniform, decay_groups, optimizer

_FUSED = ("cpu", "cuda", "mps", "xpu")


@optimizer(
    paper="arXiv:1711.05101",
    defaults={"learning_rate": 1e-3, "weight_decay": 0.01, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
    space={
        "learning_rate": LogUniform(1e-4, 1e-2),
        "weight_decay": LogUniform(1e-3, 0.5),
        "beta1": Uniform(0.85, 0.97),
        "beta2": Uniform(0.95, 0.999),
    },
)
def adamw(model, hyperparameters):
    """Adam with decoupled weight decay: w <- w (1 - lr wd) - lr m^ / (sqrt(v^) + eps); torch's, fused where possible.

    m and v are exponential averages of g and g^2 with beta1 and beta2, ^ their bias correction; biases and norm
    parameters are not decayed.
    """
    import torch

    h = hyperparameters
    return torch.optim.AdamW(
        decay_groups(model, h.weight_decay),
        lr=h.learning_rate,
        betas=(h.beta1, h.beta2),
        eps=h.epsilon,
        fused=all(p.device.type in _FUSED and p.is_floating_point() for p in model.parameters() if p.requires_grad),
    )
