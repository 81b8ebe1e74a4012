"""An encoder-decoder transformer for short sequences, with greedy decoding."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, pad

from workloads.models.activations import activation as activation_module

KeysValues = tuple[Tensor, Tensor]


class Attention(nn.Module):
    """Scaled dot-product attention of several heads (Vaswani et al. 2017, arXiv:1706.03762), without biases.

    `temperature` multiplies the scores: above 1, initial attention is sharper (AlgoPerf's held-out variant of WMT).
    """

    def __init__(self, width: int, heads: int, temperature: float) -> None:
        super().__init__()
        self.heads, self.scale = heads, temperature * (width // heads) ** -0.5
        self.query = nn.Linear(width, width, bias=False)
        self.key_value = nn.Linear(width, 2 * width, bias=False)
        self.output = nn.Linear(width, width, bias=False)

    def keys_values(self, states: Tensor) -> KeysValues:
        """Return keys and values, each [n, heads, length, width / heads]."""
        keys, values = self.key_value(states).unflatten(-1, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return keys, values

    def forward(self, states: Tensor, keys_values: KeysValues, bias: Tensor | None) -> Tensor:
        """Return [n, length, width]; `bias` is added to scores: -inf masks a position."""
        keys, values = keys_values
        query = self.query(states).unflatten(-1, (self.heads, -1)).transpose(1, 2) * self.scale
        # Written out: faster than the fused kernel with a mask on a CPU at this length.
        scores = query @ keys.transpose(-1, -2)
        scores = scores if bias is None else scores + bias
        return self.output((scores.softmax(-1) @ values).transpose(1, 2).flatten(2))


class Layer(nn.Module):
    """Self-attention, in a decoder cross-attention to the encoder's states, and a perceptron, each a residual sublayer.

    `norm_first` places LayerNorm before each sublayer (Xiong et al. 2020, arXiv:2002.04745), else after the sum.
    """

    def __init__(
        self, width: int, heads: int, expansion: int, activation: str, norm_first: bool, temperature: float, decoder: bool
    ) -> None:
        super().__init__()
        self.norm_first = norm_first
        self.own = Attention(width, heads, temperature)
        self.cross = Attention(width, heads, temperature) if decoder else None
        self.up = nn.Linear(width, expansion * width)
        self.down = nn.Linear(expansion * width, width)
        self.activation = activation_module(activation)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3 if decoder else 2))

    def forward(
        self,
        states: Tensor,
        bias: Tensor | None,
        memory: KeysValues | None = None,
        memory_bias: Tensor | None = None,
        past: KeysValues | None = None,
    ) -> tuple[Tensor, KeysValues]:
        """Return states [n, length, width], and the keys and values seen so far, `past` (of earlier positions) included."""
        first, last = self.norms[0], self.norms[-1]
        seen = first(states) if self.norm_first else states
        own = self.own.keys_values(seen)
        if past is not None:
            own = torch.cat([past[0], own[0]], 2), torch.cat([past[1], own[1]], 2)
        states = self._joined(states, self.own(seen, own, bias), first)
        if self.cross is not None:
            assert memory is not None, "a decoder's layer needs the encoder's memory"
            middle = self.norms[1]
            seen = middle(states) if self.norm_first else states
            states = self._joined(states, self.cross(seen, memory, memory_bias), middle)
        seen = last(states) if self.norm_first else states
        return self._joined(states, self.down(self.activation(self.up(seen))), last), own

    def _joined(self, states: Tensor, change: Tensor, norm: nn.Module) -> Tensor:
        return states + change if self.norm_first else norm(states + change)


class Seq2Seq(nn.Module):
    """A transformer from one short sequence to another; tokens are uint8, 0 is padding in both.

    Outputs are logits of the target tokens 1 to `outputs`; the decoder's first input is token 0. Sinusoidal positions are
    added to embeddings (Vaswani et al. 2017). Matrices are initialised Glorot-uniform, as in AlgoPerf's WMT, embeddings
    with deviation 1 / sqrt(width) before they are scaled by sqrt(width), the head with variance 0.01 / fan-in, so that the
    loss starts near ln(outputs). There is no dropout: budgets are too short to overfit.
    """

    positions: Tensor
    causal: Tensor

    def __init__(
        self,
        inputs: int,
        outputs: int,
        length: int = 16,
        width: int = 32,
        depth: int = 1,
        heads: int = 2,
        expansion: int = 4,
        activation: str = "relu",
        norm_first: bool = True,
        temperature: float = 1.0,
    ) -> None:
        super().__init__()
        self.scale = math.sqrt(width)
        options = (width, heads, expansion, activation, norm_first, temperature)
        self.input_embedding, self.output_embedding = nn.Embedding(inputs + 1, width), nn.Embedding(outputs + 1, width)
        self.encoder = nn.ModuleList(Layer(*options, decoder=False) for _ in range(depth))
        self.decoder = nn.ModuleList(Layer(*options, decoder=True) for _ in range(depth))
        self.encoder_norm = nn.LayerNorm(width) if norm_first else nn.Identity()
        self.decoder_norm = nn.LayerNorm(width) if norm_first else nn.Identity()
        self.head = nn.Linear(width, outputs)
        self.register_buffer("positions", _sinusoids(length, width), persistent=False)
        self.register_buffer("causal", torch.full((length, length), -math.inf).triu(1), persistent=False)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Embedding):
                nn.init.normal_(module.weight, std=1 / self.scale)
        nn.init.normal_(self.head.weight, std=0.1 / self.scale)

    def _embedded(self, tokens: Tensor, table: nn.Embedding, start: int = 0) -> Tensor:
        states = embedding(tokens.int(), table.weight) * self.scale
        return states + self.positions[start : start + tokens.shape[1]]

    def encode(self, source: Tensor) -> tuple[list[KeysValues], Tensor]:
        """Return keys and values of source tokens [n, s] per decoder layer, and the bias [n, 1, 1, s] that masks padding."""
        hidden = (source == 0)[:, None, None, :]
        bias = torch.zeros(hidden.shape, device=source.device).masked_fill(hidden, -math.inf)
        states = self._embedded(source, self.input_embedding)
        for layer in self.encoder:
            states, _ = layer(states, bias)
        states = self.encoder_norm(states)
        return [layer.cross.keys_values(states) for layer in self.decoder], bias

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """Return logits [n, t, outputs] of the target tokens [n, t], each given the source [n, s] and the tokens before it."""
        return self.teacher_forced(*self.encode(source), target)

    def teacher_forced(self, memory: list[KeysValues], memory_bias: Tensor, target: Tensor) -> Tensor:
        """Return the logits of `forward` for an encoded source."""
        states = self._embedded(pad(target[:, :-1], (1, 0)), self.output_embedding)
        causal = self.causal[: target.shape[1], : target.shape[1]]
        for layer, looked_up in zip(self.decoder, memory, strict=True):
            states, _ = layer(states, causal, looked_up, memory_bias)
        return self.head(self.decoder_norm(states))

    def greedy(self, memory: list[KeysValues], memory_bias: Tensor, length: int) -> Tensor:
        """Return greedily decoded tokens [n, length]; those after the end token mean nothing."""
        token = memory_bias.new_zeros(len(memory_bias), 1)
        past: list[KeysValues | None] = [None] * len(memory)
        tokens = []
        for place in range(length):
            states = self._embedded(token, self.output_embedding, place)
            for i, layer in enumerate(self.decoder):
                states, past[i] = layer(states, None, memory[i], memory_bias, past[i])
            token = self.head(self.decoder_norm(states)).argmax(-1) + 1
            tokens.append(token)
        return torch.cat(tokens, 1)


def _sinusoids(length: int, width: int) -> Tensor:
    """Return sines (even channels) and cosines (odd), [length, width]; wavelengths rise from 2π to 10,000 · 2π."""
    rates = 10_000.0 ** (-torch.arange(0, width, 2) / width)
    angles = torch.arange(length)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)
