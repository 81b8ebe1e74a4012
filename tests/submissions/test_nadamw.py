"""NAdamW with one buffer per group: equal bits to one update per parameter, whatever happens to weights and state."""

import copy
import math

import pytest
import torch
from torch import nn

from submissions.optimizers._nadamw import NAdamW

STEPS = 12


def parameters(seed: int, *, count: int = 7) -> list[nn.Parameter]:
    """Shapes whose sizes are no multiples of a vector register, so that every tensor has a tail."""
    generator = torch.Generator().manual_seed(seed)
    shapes = [tuple(torch.randint(1, 30, (1 + k % 3,), generator=generator).tolist()) for k in range(count)]
    return [nn.Parameter(torch.randn(shape, generator=generator)) for shape in shapes]


def optimizer(weights: list[nn.Parameter]) -> NAdamW:
    groups = [{"params": weights[:4], "weight_decay": 0.1}, {"params": weights[4:]}]
    return NAdamW([g for g in groups if g["params"]], lr=0.01, betas=(0.93, 0.995), eps=1e-8)


def gradients(weights: list[nn.Parameter], step: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1000 + step)
    return [10.0 ** (step % 7 - 4) * torch.randn(p.shape, generator=generator) for p in weights]


def one_by_one(weights: list[nn.Parameter], state: list[dict], group: int, step: int, rate: float, decay: float) -> None:
    """The update of every parameter for itself, in the order of operations of the optimizer."""
    for p, own in zip(weights, state, strict=True):
        if p.grad is None:
            continue
        mean, square = own.setdefault("mean", torch.zeros_like(p)), own.setdefault("square", torch.zeros_like(p))
        if decay:
            p.data.mul_(1 - rate * decay)
        mean.lerp_(p.grad, 1 - 0.93)
        square.mul_(0.995).addcmul_(p.grad, p.grad, value=1 - 0.995)
        scale = square.sqrt().div_(math.sqrt(1 - 0.995**step)).add_(1e-8)
        p.data.addcdiv_(mean.lerp(p.grad, 1 - 0.93), scale, value=-rate / (1 - 0.93**step))


def train(weights, step_of, *, missing=lambda step, k: False, between=lambda step: None) -> list[torch.Tensor]:
    for step in range(1, STEPS + 1):
        for k, (p, g) in enumerate(zip(weights, gradients(weights, step), strict=True)):
            p.grad = None if missing(step, k) else g
        step_of(step, 0.01 * (1 - step / 20))
        between(step)
    return [p.detach().clone() for p in weights]


def expected(seed: int, **how) -> list[torch.Tensor]:
    weights = parameters(seed)
    state: list[dict] = [{} for _ in weights]

    def step(number: int, rate: float) -> None:
        one_by_one(weights[:4], state[:4], 0, number, rate, 0.1)
        one_by_one(weights[4:], state[4:], 1, number, rate, 0.0)

    return train(weights, step, **how)


def stepping(made: NAdamW):
    def step(_: int, rate: float) -> None:
        for group in made.param_groups:
            group["lr"] = rate
        made.step()

    return step


def same(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("seed", range(20))
def test_a_shared_buffer_gives_the_bits_of_one_update_per_parameter(seed: int) -> None:
    weights = parameters(seed)
    assert same(train(weights, stepping(optimizer(weights))), expected(seed))
    assert len({p.untyped_storage().data_ptr() for p in weights[:4]}) == 1


def test_parameters_without_a_gradient_wait() -> None:
    def missing(step: int, k: int) -> bool:
        return (k == 2 and step in (1, 5, 6)) or (k == 5 and step > 8)

    weights = parameters(3)
    assert same(train(weights, stepping(optimizer(weights)), missing=missing), expected(3, missing=missing))


def test_weights_whose_storage_was_replaced_are_gathered_again() -> None:
    weights = parameters(4)

    def between(step: int) -> None:
        if step == 6:
            for p in weights:
                p.data = p.data.clone()

    assert same(train(weights, stepping(optimizer(weights)), between=between), expected(4))


def test_a_saved_state_goes_on_with_the_same_bits() -> None:
    weights = parameters(5)
    made = [optimizer(weights)]

    def between(step: int) -> None:
        if step == 6:
            saved = copy.deepcopy(made[0].state_dict())
            made[0] = optimizer(weights)
            made[0].load_state_dict(saved)

    assert same(train(weights, lambda step, rate: stepping(made[0])(step, rate), between=between), expected(5))


def test_a_copy_of_model_and_optimizer_goes_its_own_way() -> None:
    weights = parameters(6)
    made = optimizer(weights)
    train(weights, stepping(made))
    before = [p.detach().clone() for p in weights]
    copied, copied_weights = copy.deepcopy((made, weights))
    for p, g in zip(copied_weights, gradients(copied_weights, 1), strict=True):
        p.grad = g
    copied.step()
    assert same(before, [p.detach() for p in weights]) and not same(before, [p.detach() for p in copied_weights])


def test_weights_keep_the_strides_that_their_kernels_are_chosen_by() -> None:
    shapes = (4, 3, 5, 5), (8, 1, 3, 3), (6, 2, 1, 1)
    weights = [nn.Parameter(torch.randn(shape).to(memory_format=torch.channels_last)) for shape in shapes]
    strides = [p.stride() for p in weights]
    plain = [nn.Parameter(p.detach().clone(memory_format=torch.contiguous_format)) for p in weights]
    for some in (weights, plain):
        made = optimizer(some)
        for step in range(1, 4):
            for p, g in zip(some, gradients(some, step), strict=True):
                p.grad = g
            made.step()
    assert [p.stride() for p in weights] == strides and weights[0].grad.is_contiguous()
    assert same([p.detach() for p in weights], [p.detach() for p in plain])
    assert len({p.untyped_storage().data_ptr() for p in weights}) == 1
