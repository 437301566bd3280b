"""Losses: the mean that PyTorch gives, its gradient for the outputs, each sample's sum, and five steps on the outputs."""

import torch
from torch.nn import functional

from case import LEARNING_RATE, MOMENTUM, STEPS, Draw


class LossCase:
    """loss(outputs, targets, reduction) is PyTorch's; what else differs by loss stands in its closure."""

    allowance = "composed"
    training = True

    def __init__(self, name, pytorch, loss, inputs, mean="mean"):
        self.name = name
        self.pytorch = pytorch
        self.loss = loss
        self.mean = mean
        self.inputs = inputs(Draw(name))

    def value(self, x):
        targets = {key: value for key, value in self.inputs.items() if key != "x"}
        return self.loss(x, *targets.values(), self.mean)

    def samples(self, x):
        targets = {key: value for key, value in self.inputs.items() if key != "x"}
        losses = self.loss(x, *targets.values(), "none")
        return losses if losses.dim() == 1 else losses.flatten(1).sum(1)

    def results(self, x):
        mean = self.value(x)
        (gradient,) = torch.autograd.grad(mean, x, create_graph=True)
        return {"output/mean": mean, "output/samples": self.samples(x), "gradient/input/x": gradient}

    def magnitudes(self, results, x):
        found = {}
        for key, value in results.items():
            flat = value.reshape(-1)
            sizes = torch.zeros(flat.shape[0])
            for index in range(flat.shape[0]):
                if not value.requires_grad:  # constant pieces, such as the derivative of |x|
                    break
                (part,) = torch.autograd.grad(flat[index], x, retain_graph=True, allow_unused=True)
                sizes[index] = 0 if part is None else (part * x).abs().sum().item()
            found[f"magnitude/{key}"] = sizes.reshape(value.shape)
        return found

    def steps(self):
        x = self.inputs["x"].clone().requires_grad_(True)
        optimizer = torch.optim.SGD([x], lr=LEARNING_RATE, momentum=MOMENTUM)
        for _ in range(STEPS):
            optimizer.zero_grad()
            self.value(x).backward()
            optimizer.step()
        return {"after/input/x": x.detach()}

    def tensors(self):
        x = self.inputs["x"].clone().requires_grad_(True)
        results = self.results(x)
        return {
            **{f"input/{key}": value for key, value in self.inputs.items()},
            **{key: value.detach() for key, value in results.items()},
            **self.magnitudes(results, x),
            **self.steps(),
        }


def real(draw):
    return {"x": draw.normal(3, 5), "targets": draw.normal(3, 5)}


def ties(draw):
    # An error of exactly 0, and of exactly delta = 1.
    found = real(draw)
    found["targets"][0, 0] = found["x"][0, 0]
    found["x"][0, 1], found["targets"][0, 1] = 1.5, 0.5
    return found


def probabilities(draw):
    x = draw.uniform(5, 3, low=0.02, high=0.98)
    # Certain and right: the logarithm of what does not happen is limited to -100.
    x[0, 0], x[0, 1], x[0, 2] = 1.0, 0.0, 1.0
    targets = draw.uniform(5, 3)
    targets[0, 0], targets[0, 1], targets[0, 2] = 1.0, 0.0, 1.0
    return {"x": x, "targets": targets}


def logits(draw):
    x = draw.normal(5, 3, scale=3.0)
    x[0, 0], x[0, 1] = 0.0, -40.0
    return {"x": x, "targets": draw.integers(2, 5, 3).double()}


def classes(*shape, count=4):
    def inputs(draw):
        return {"x": draw.normal(shape[0], count, *shape[1:], scale=2.0), "targets": draw.integers(count, *shape)}

    return inputs


def with_ignored(ignored):
    def inputs(draw):
        found = classes(5, 3)(draw)
        found["targets"][1, 0] = found["targets"][4] = ignored
        return found

    return inputs


def class_shares(*shape, count=4):
    def inputs(draw):
        shares = draw.uniform(shape[0], count, *shape[1:], low=0.05)
        shares = (shares / shares.sum(1, keepdim=True)).float().double()
        return {"x": draw.normal(shape[0], count, *shape[1:], scale=2.0), "targets": shares}

    return inputs


def log_shares(draw, count=4):
    found = class_shares(3)(draw)
    found["x"] = functional.log_softmax(found["x"], 1).float().double()
    return found


def log_both(draw):
    found = log_shares(draw)
    return {**found, "targets": found["targets"].log().float().double()}


def log_probabilities(draw):
    found = classes(5)(draw)
    return {**found, "x": functional.log_softmax(found["x"], 1).float().double()}


def signs(draw):
    return {"x": draw.normal(7, scale=1.0), "targets": draw.integers(2, 7).double() * 2 - 1}


def directions(draw):
    return {"x": draw.normal(5, 3), "targets": draw.normal(5, 3)}


def pairs(draw):
    return {"x": draw.normal(6, 2, 3), "targets": draw.integers(2, 6).double() * 2 - 1}


WEIGHTS = torch.tensor([0.5, 1.25, 2.0, 0.75], dtype=torch.float64)


def simple(function, **options):
    return lambda x, targets, reduction: function(x, targets, reduction=reduction, **options)


def hinge(x, targets, reduction):
    """max(0, 1 - targets x), by its formula: the margin loss of Keras and of support vector machines."""
    losses = (1 - targets * x).clamp(min=0)
    return losses.mean() if reduction == "mean" else losses


def cosine(x, targets, reduction):
    return functional.cosine_embedding_loss(x, targets, torch.ones(x.shape[0]), reduction=reduction)


def cosine_pairs(x, targets, reduction):
    return functional.cosine_embedding_loss(x[:, 0], x[:, 1], targets, margin=0.2, reduction=reduction)


def divergence(**options):
    def loss(x, targets, reduction):
        return functional.kl_div(x, targets, reduction=reduction, **options)

    return loss


def regressions():
    return [
        LossCase("mse", "mse_loss", simple(functional.mse_loss), real),
        LossCase("mae", "l1_loss", simple(functional.l1_loss), ties),
        LossCase("huber", "huber_loss", simple(functional.huber_loss), ties),
        LossCase("huber with delta", "huber_loss(delta=0.5)", simple(functional.huber_loss, delta=0.5), ties),
        LossCase("smooth l1", "smooth_l1_loss", simple(functional.smooth_l1_loss), ties),
        LossCase("smooth l1 with beta", "smooth_l1_loss(beta=0.5)", simple(functional.smooth_l1_loss, beta=0.5), ties),
        LossCase("cosine", "cosine_embedding_loss(x, targets, 1)", cosine, directions),
        LossCase("cosine of pairs", "cosine_embedding_loss(a, b, targets, margin=0.2)", cosine_pairs, pairs),
    ]


def classifications():
    entropy = functional.cross_entropy
    return [
        LossCase("bce", "binary_cross_entropy", simple(functional.binary_cross_entropy), probabilities),
        LossCase(
            "bce with logits",
            "binary_cross_entropy_with_logits",
            simple(functional.binary_cross_entropy_with_logits),
            logits,
        ),
        LossCase(
            "bce with logits and a weight of positives",
            "binary_cross_entropy_with_logits(pos_weight=2.5)",
            simple(functional.binary_cross_entropy_with_logits, pos_weight=torch.tensor(2.5)),
            logits,
        ),
        LossCase(
            "bce with weights by column",
            "binary_cross_entropy(weight=[0.5, 1.25, 2])",
            simple(functional.binary_cross_entropy, weight=WEIGHTS[:3]),
            probabilities,
        ),
        LossCase(
            "bce with logits and weights by column",
            "binary_cross_entropy_with_logits(weight=[0.5, 1.25, 2], pos_weight=[2, 0.5, 1.5])",
            simple(
                functional.binary_cross_entropy_with_logits,
                weight=WEIGHTS[:3],
                pos_weight=torch.tensor([2.0, 0.5, 1.5], dtype=torch.float64),
            ),
            logits,
        ),
        LossCase("cross entropy", "cross_entropy", simple(entropy), classes(5)),
        LossCase("cross entropy of places", "cross_entropy on [3, 4, 2, 3]", simple(entropy), classes(3, 2, 3)),
        LossCase(
            "cross entropy with ignored targets",
            "cross_entropy(ignore_index=-100)",
            simple(entropy),
            with_ignored(-100),
        ),
        LossCase(
            "cross entropy with another ignored target",
            "cross_entropy(ignore_index=2)",
            simple(entropy, ignore_index=2),
            classes(7),
        ),
        LossCase(
            "cross entropy with label smoothing",
            "cross_entropy(label_smoothing=0.1)",
            simple(entropy, label_smoothing=0.1),
            classes(5),
        ),
        LossCase(
            "cross entropy with class weights",
            "cross_entropy(weight=[0.5, 1.25, 2, 0.75])",
            simple(entropy, weight=WEIGHTS),
            classes(5),
        ),
        LossCase(
            "cross entropy with all of it",
            "cross_entropy(weight=[0.5, 1.25, 2, 0.75], label_smoothing=0.2, ignore_index=-100)",
            simple(entropy, weight=WEIGHTS, label_smoothing=0.2),
            with_ignored(-100),
        ),
        LossCase(
            "cross entropy of places with all of it",
            "cross_entropy(weight=[0.5, 1.25, 2, 0.75], label_smoothing=0.1, ignore_index=3) on [3, 4, 2, 3]",
            simple(entropy, weight=WEIGHTS, label_smoothing=0.1, ignore_index=3),
            classes(3, 2, 3),
        ),
        LossCase("cross entropy of probabilities", "cross_entropy(x, probabilities)", simple(entropy), class_shares(5)),
        LossCase(
            "cross entropy of probabilities with smoothing and weights",
            "cross_entropy(x, probabilities, weight=[0.5, 1.25, 2, 0.75], label_smoothing=0.1)",
            simple(entropy, weight=WEIGHTS, label_smoothing=0.1),
            class_shares(3, 2),
        ),
        LossCase("nll", "nll_loss", simple(functional.nll_loss), log_probabilities),
        LossCase(
            "nll with class weights and an ignored target",
            "nll_loss(weight=[0.5, 1.25, 2, 0.75], ignore_index=1)",
            simple(functional.nll_loss, weight=WEIGHTS, ignore_index=1),
            log_probabilities,
        ),
        LossCase("kl divergence", "kl_div(reduction='batchmean')", divergence(), log_shares, mean="batchmean"),
        LossCase(
            "kl divergence of logarithms",
            "kl_div(reduction='batchmean', log_target=True)",
            divergence(log_target=True),
            log_both,
            mean="batchmean",
        ),
        LossCase("hinge", "mean(max(0, 1 - targets x))", hinge, signs),
        LossCase(
            "hinge embedding",
            "hinge_embedding_loss(margin=0.75)",
            simple(functional.hinge_embedding_loss, margin=0.75),
            signs,
        ),
    ]


def rows():
    return regressions() + classifications()
