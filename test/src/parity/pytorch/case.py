"""What a row of the parity fixtures is, and how PyTorch's numbers for it are found."""

import zlib

import torch
from torch.nn.utils.stateless import functional_call

STEPS = 5
LEARNING_RATE = 0.05
MOMENTUM = 0.9


def rounded(tensor):
    """The same values rounded to what float32 can hold, in float64."""
    return tensor.float().double()


class Draw:
    """Random numbers of one row: its name is the seed, so that a new row changes no other."""

    def __init__(self, name):
        self.generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))

    def normal(self, *shape, scale=1.0):
        return rounded(torch.randn(*shape, generator=self.generator) * scale)

    def uniform(self, *shape, low=0.0, high=1.0):
        return rounded(torch.rand(*shape, generator=self.generator) * (high - low) + low)

    def integers(self, high, *shape):
        return torch.randint(0, high, shape, generator=self.generator)


class Case:
    """A module (or a function) on fixed inputs.

    inputs: name -> tensor; float64 ones are differentiable. run(module, inputs) -> name -> output.
    allowance: "elementwise", "contraction" or "composed"; see docs/parity.md.
    """

    def __init__(self, name, pytorch, module, inputs, run=None, allowance="composed", training=True, constants=()):
        self.name = name
        self.pytorch = pytorch
        self.draw = Draw(name)
        self.module = module
        self.allowance = allowance
        self.inputs = inputs(self.draw)
        self.run = run or (lambda module, inputs: {"output": module(inputs["x"])})
        self.constants = set(constants)
        self.leaves = {f"input/{key}": value for key, value in self.inputs.items()}
        if module is not None:
            module.train(training)
            self.draw_module()
        self.training = training
        outputs = self.outputs(self.leaves)[0]
        for key, value in outputs.items():
            self.leaves[f"cotangent/{key}"] = self.draw.normal(*value.shape)

    def draw_module(self):
        for key, parameter in self.module.named_parameters():
            fan = max(1, parameter[0].numel() if parameter.dim() > 1 else 4)
            value = self.draw.normal(*parameter.shape, scale=fan**-0.5)
            # Scales of normalisations around 1, as they are in practice.
            if parameter.dim() == 1 and key.endswith("weight"):
                value = rounded(value + 1)
            self.leaves[f"parameter/{key}"] = value
        for key, buffer in self.module.named_buffers():
            if not buffer.is_floating_point():
                continue
            low = 0.5 if key.endswith("var") else -0.5
            self.leaves[f"buffer/{key}"] = self.draw.uniform(*buffer.shape, low=low, high=low + 1)

    def outputs(self, leaves):
        """(outputs, buffers afterwards) by name."""
        inputs = {key[6:]: value for key, value in leaves.items() if key.startswith("input/")}
        if self.module is None:
            return self.run(None, inputs), {}
        state = {key[10:]: value for key, value in leaves.items() if key.startswith("parameter/")}
        buffers = {key[7:]: value.clone() for key, value in leaves.items() if key.startswith("buffer/")}

        class Bound:
            def __call__(_, *arguments, **options):
                # Recurrent layers keep a list of their own, which functional_call does not see.
                if isinstance(self.module, torch.nn.RNNBase):
                    self.module._flat_weights = [state[name] for name in self.module._flat_weights_names]
                return functional_call(self.module, {**state, **buffers}, arguments, options)

        return self.run(Bound(), inputs), buffers

    def differentiable(self, leaves):
        return [
            key
            for key, value in leaves.items()
            if key.startswith(("input/", "parameter/")) and value.is_floating_point() and key not in self.constants
        ]

    def results(self, leaves):
        """Outputs, gradients and buffers as a function of the leaves, differentiable again."""
        # Buffers change in place, and PyTorch has no derivative for them.
        leaves = {
            key: value.clone().requires_grad_(value.is_floating_point() and not key.startswith("buffer/"))
            for key, value in leaves.items()
        }
        with torch.enable_grad():
            outputs, buffers = self.outputs(leaves)
            names = self.differentiable(leaves)
            total = sum((value * leaves[f"cotangent/{key}"]).sum() for key, value in outputs.items())
            found = torch.autograd.grad(total, [leaves[name] for name in names], create_graph=True, allow_unused=True)
        results = {f"output/{key}": value for key, value in outputs.items()}
        for name, gradient in zip(names, found):
            results[f"gradient/{name}"] = torch.zeros_like(leaves[name]) if gradient is None else gradient
        if self.training:
            results.update({f"settled/{key}": value for key, value in buffers.items()})
        return leaves, results

    def magnitudes(self, results, leaves):
        """What the allowance of sums is measured against; see docs/parity.md."""
        if self.allowance == "elementwise":
            return {}
        if self.allowance == "contraction":
            _, absolute = self.results({key: value.abs() for key, value in self.leaves.items()})
            return {key: value for key, value in absolute.items()}
        floats = [value for value in leaves.values() if value.requires_grad]
        found = {}
        for key, value in results.items():
            flat = value.reshape(-1)
            sizes = torch.zeros(flat.shape[0])
            if value.requires_grad:
                for index in range(flat.shape[0]):
                    parts = torch.autograd.grad(flat[index], floats, retain_graph=True, allow_unused=True)
                    sizes[index] = sum(
                        (part * leaf).abs().sum().item() for part, leaf in zip(parts, floats) if part is not None
                    )
            found[key] = sizes.reshape(value.shape)
        return found

    def steps(self):
        """Parameters and buffers after five steps of momentum SGD on the mean squared distance to the cotangents."""
        leaves = {key: value.clone() for key, value in self.leaves.items()}
        names = [key for key in leaves if key.startswith("parameter/")]
        if not names:
            return {}
        for name in names:
            leaves[name].requires_grad_(True)
        optimizer = torch.optim.SGD([leaves[name] for name in names], lr=LEARNING_RATE, momentum=MOMENTUM)
        for _ in range(STEPS):
            optimizer.zero_grad()
            outputs, buffers = self.outputs(leaves)
            sum(((value - leaves[f"cotangent/{key}"]) ** 2).mean() for key, value in outputs.items()).backward()
            optimizer.step()
            if self.training:
                leaves.update({f"buffer/{key}": value.detach() for key, value in buffers.items()})
        kept = names + ([key for key in leaves if key.startswith("buffer/")] if self.training else [])
        return {f"after/{name}": leaves[name].detach() for name in kept}

    def tensors(self):
        """Everything that the fixture holds, by name without the row's."""
        leaves, results = self.results(self.leaves)
        magnitudes = self.magnitudes(results, leaves)
        return {
            **self.leaves,
            **{key: value.detach() for key, value in results.items()},
            **{f"magnitude/{key}": value.detach() for key, value in magnitudes.items()},
            **{key: value for key, value in self.steps().items()},
        }
