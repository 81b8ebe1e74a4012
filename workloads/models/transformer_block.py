"""A transformer block, which `CharacterTransformer` and `VisionTransformer` share."""

from torch import Tensor, nn

from workloads.models.activations import activation as activation_module


class TransformerBlock(nn.Module):
    """Self-attention and a two-layer perceptron, each with a residual connection and LayerNorm.

    `norm_first` places LayerNorm before each sublayer (Xiong et al. 2020, arXiv:2002.04745), else after the sum (Vaswani
    et al. 2017, arXiv:1706.03762). With `bias`, LayerNorm and matrices have a bias, except the projection to queries, keys
    and values: softmax is invariant to a constant added to a query's scores, so the gradient of a key's bias would be zero.
    """

    def __init__(self, width: int, heads: int, expansion: int, activation: str, norm_first: bool, bias: bool) -> None:
        super().__init__()
        self.heads, self.norm_first = heads, norm_first
        self.norm1, self.norm2 = nn.LayerNorm(width, bias=bias), nn.LayerNorm(width, bias=bias)
        self.projection = nn.Linear(width, 3 * width, bias=False)
        self.output = nn.Linear(width, width, bias=bias)
        self.up = nn.Linear(width, expansion * width, bias=bias)
        self.down = nn.Linear(expansion * width, width, bias=bias)
        self.activation = activation_module(activation)

    def _scores(self, query: Tensor, key: Tensor) -> Tensor:
        """Return attention scores [n, heads, length, length] of queries and keys [n, heads, length, width / heads]."""
        return query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5

    def _attend(self, states: Tensor) -> Tensor:
        batch, length, width = states.shape
        query, key, value = self.projection(states).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        # Written out: faster than the fused kernel on a CPU at these lengths.
        attended = self._scores(query, key).softmax(-1) @ value
        return self.output(attended.transpose(1, 2).reshape(batch, length, width))

    def _transform(self, states: Tensor) -> Tensor:
        return self.down(self.activation(self.up(states)))

    def forward(self, states: Tensor) -> Tensor:
        """Return states [n, length, width]."""
        if self.norm_first:
            states = states + self._attend(self.norm1(states))
            return states + self._transform(self.norm2(states))
        states = self.norm1(states + self._attend(states))
        return self.norm2(states + self._transform(states))
