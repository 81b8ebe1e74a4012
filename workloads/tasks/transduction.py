"""Transduction of one token sequence into another: cross-entropy per token, errors, and edit distance."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def token_cross_entropies(logits: Tensor, target: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """Return each sequence's mean cross-entropy per token, nats, [n], of logits [n, t, tokens] and target [n, t].

    Target 0 is padding and does not count; logit k belongs to token k + 1.
    """
    from torch.nn.functional import cross_entropy

    wanted = target.long() - 1
    losses = cross_entropy(
        logits.flatten(0, 1), wanted.flatten(), reduction="none", ignore_index=-1, label_smoothing=label_smoothing
    )
    return losses.view(wanted.shape).sum(1) / (wanted >= 0).sum(1)


def token_error_rates(logits: Tensor, target: Tensor) -> Tensor:
    """Return the share of each sequence's tokens that differ from the largest logit's, teacher-forced, [n]."""
    present = target != 0
    wrong = (logits.argmax(-1) + 1 != target) & present
    return wrong.sum(1) / present.sum(1)


def edit_distances(predicted: Tensor, target: Tensor, end: int) -> Tensor:
    """Return Levenshtein distances [n] between the rows of [n, f] and [n, t], each up to its first `end`."""
    import torch

    lengths = [(rows == end).int().cumsum(1).eq(0).sum(1) for rows in (predicted, target)]
    columns = torch.arange(target.shape[1] + 1, device=target.device)
    row = columns.expand(len(target), -1)
    rows = [row]
    for column in range(predicted.shape[1]):
        substituted = row[:, :-1] + (predicted[:, column, None] != target)
        best = torch.cat([row[:, :1] + 1, torch.minimum(row[:, 1:] + 1, substituted)], 1)
        # Insertions along the row: the minimum of best[k] + (j - k) over k up to j.
        row = (best - columns).cummin(1).values + columns
        rows.append(row)
    table = torch.stack(rows, 1)
    return table[torch.arange(len(target), device=target.device), lengths[0], lengths[1]]
