"""Optimizers and clipping on given gradients, and the rates of schedules."""

import torch

from case import Draw, rounded

STEPS = 5
SIZES = {"weight": (3, 4), "bias": (5,)}


class Lion(torch.optim.Optimizer):
    """Chen et al. (2023), arXiv:2302.06675, algorithm 2: by its formula, for this PyTorch has none."""

    def __init__(self, parameters, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(parameters, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            first, second = group["betas"]
            for parameter in group["params"]:
                state = self.state[parameter]
                mean = state.setdefault("exp_avg", torch.zeros_like(parameter))
                direction = (first * mean + (1 - first) * parameter.grad).sign()
                parameter.mul_(1 - group["lr"] * group["weight_decay"]).sub_(group["lr"] * direction)
                mean.mul_(second).add_(parameter.grad, alpha=1 - second)


class NAdam(torch.optim.Optimizer):
    """As in PyTorch 2, by its formula: PyTorch 1.13 takes mu twice into the product of the next step."""

    def __init__(self, parameters, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, momentum_decay=4e-3):
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "decay": momentum_decay}
        super().__init__(parameters, options)

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            first, second = group["betas"]
            for parameter in group["params"]:
                state = self.state[parameter]
                if not state:
                    state.update(step=0, product=1.0)
                    state.update(mean=torch.zeros_like(parameter), square=torch.zeros_like(parameter))
                state["step"] += 1
                gradient = parameter.grad + group["weight_decay"] * parameter
                mu, mu_next = (
                    first * (1 - 0.5 * 0.96 ** (step * group["decay"])) for step in (state["step"], state["step"] + 1)
                )
                state["product"] *= mu
                state["mean"].mul_(first).add_(gradient, alpha=1 - first)
                state["square"].mul_(second).addcmul_(gradient, gradient, value=1 - second)
                root = (state["square"] / (1 - second ** state["step"])).sqrt() + group["eps"]
                parameter.addcdiv_(gradient, root, value=-group["lr"] * (1 - mu) / (1 - state["product"]))
                parameter.addcdiv_(state["mean"], root, value=-group["lr"] * mu_next / (1 - state["product"] * mu_next))


class OptimizerCase:
    """Five steps from given parameters by given gradients; `clip` is called on the parameters before each step."""

    allowance = "norm"
    training = True

    def __init__(self, name, pytorch, make, clip=None):
        self.name = name
        self.pytorch = pytorch
        self.make = make
        self.clip = clip

    def tensors(self):
        draw = Draw("optimizers")
        parameters = {key: draw.normal(*size) for key, size in SIZES.items()}
        leaves = {key: value.clone().requires_grad_(True) for key, value in parameters.items()}
        gradients = {key: draw.normal(STEPS, *size) for key, size in SIZES.items()}
        # A parameter that gets no gradient at first, as an embedding's row does.
        gradients["bias"][:2, 0] = 0
        # So small that what is added to denominators shows.
        gradients["bias"][:, 1:3] = rounded(gradients["bias"][:, 1:3] * torch.tensor([1e-7, 1e-4]))
        optimizer = self.make(leaves)
        after = {key: [] for key in leaves}
        for step in range(STEPS):
            for key, leaf in leaves.items():
                leaf.grad = gradients[key][step].clone()
            if self.clip is not None:
                self.clip(list(leaves.values()))
            optimizer.step()
            for key, leaf in leaves.items():
                after[key].append(leaf.detach().clone())
        return {
            **{f"parameter/{key}": value for key, value in parameters.items()},
            **{f"gradients/{key}": value for key, value in gradients.items()},
            **{f"after/parameter/{key}": torch.stack(values) for key, values in after.items()},
        }


def optimizer(name, kind, **options):
    shown = ", ".join(f"{key}={value}" for key, value in options.items())
    return OptimizerCase(name, f"{kind.__name__}({shown})", lambda leaves: kind(leaves.values(), **options))


def penalties(parameters):
    """The derivatives of 0.03 |w| and 0.02 w^2."""
    for parameter in parameters:
        parameter.grad += 0.03 * parameter.detach().sign() + 2 * 0.02 * parameter.detach()


def decayed_weights_only(leaves):
    groups = [{"params": [leaves["weight"]], "weight_decay": 0.1}, {"params": [leaves["bias"]], "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=0.02)


def slow_biases(leaves):
    groups = [{"params": [leaves["weight"]]}, {"params": [leaves["bias"]], "lr": 0.01}]
    return torch.optim.SGD(groups, lr=0.1, momentum=0.9)


def optimizers():
    o = torch.optim
    return [
        optimizer("sgd", o.SGD, lr=0.1),
        optimizer("sgd with weight decay", o.SGD, lr=0.1, weight_decay=0.05),
        optimizer("sgd with momentum", o.SGD, lr=0.1, momentum=0.9),
        optimizer("sgd with momentum and dampening", o.SGD, lr=0.1, momentum=0.9, dampening=0.5, weight_decay=0.01),
        optimizer("sgd with nesterov", o.SGD, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
        optimizer("rmsprop", o.RMSprop, lr=0.01),
        optimizer("rmsprop with momentum", o.RMSprop, lr=0.01, momentum=0.9),
        optimizer("rmsprop centered", o.RMSprop, lr=0.01, centered=True),
        optimizer(
            "rmsprop with all of it", o.RMSprop, lr=0.02, alpha=0.9, eps=1e-6, weight_decay=0.05, momentum=0.5, centered=True
        ),
        optimizer("adagrad", o.Adagrad, lr=0.1),
        optimizer(
            "adagrad with all of it",
            o.Adagrad,
            lr=0.1,
            lr_decay=0.1,
            weight_decay=0.05,
            initial_accumulator_value=0.1,
            eps=1e-8,
        ),
        optimizer("adadelta", o.Adadelta, lr=1.0),
        optimizer("adadelta with all of it", o.Adadelta, lr=0.5, rho=0.8, eps=1e-5, weight_decay=0.05),
        optimizer("adam", o.Adam, lr=0.01),
        optimizer("adam with all of it", o.Adam, lr=0.02, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.05),
        optimizer("adam with amsgrad", o.Adam, lr=0.01, amsgrad=True),
        optimizer("adamw", o.AdamW, lr=0.01),
        optimizer("adamw with all of it", o.AdamW, lr=0.02, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1),
        optimizer("nadam", NAdam, lr=0.01),
        optimizer(
            "nadam with all of it", NAdam, lr=0.02, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.05, momentum_decay=0.01
        ),
        optimizer("lion", Lion, lr=0.01),
        optimizer("lion with all of it", Lion, lr=0.02, betas=(0.8, 0.95), weight_decay=0.1),
        OptimizerCase("adamw with decay of weights alone", "AdamW, two groups, lr=0.02, weight_decay=0.1 and 0", decayed_weights_only),
        optimizer("adamw with amsgrad", o.AdamW, lr=0.01, amsgrad=True),
        OptimizerCase(
            "sgd with penalties",
            "SGD(lr=0.1, momentum=0.9) on the loss + 0.03 |w| + 0.02 w^2",
            lambda leaves: o.SGD(leaves.values(), lr=0.1, momentum=0.9),
            penalties,
        ),
        OptimizerCase("sgd with a slower group", "SGD, two groups, lr=0.1 and 0.01, momentum=0.9", slow_biases),
    ]


def clipping():
    clip = torch.nn.utils

    def sgd(leaves):
        return torch.optim.SGD(leaves.values(), lr=0.1, momentum=0.9)

    return [
        OptimizerCase("clipped by norm", "clip_grad_norm_(1), SGD", sgd, lambda p: clip.clip_grad_norm_(p, 1.0)),
        OptimizerCase("norm below the limit", "clip_grad_norm_(100), SGD", sgd, lambda p: clip.clip_grad_norm_(p, 100.0)),
        OptimizerCase("clipped by value", "clip_grad_value_(0.5), SGD", sgd, lambda p: clip.clip_grad_value_(p, 0.5)),
    ]


class ScheduleCase:
    """The rate before each of twelve steps."""

    allowance = "elementwise"
    training = True
    steps = 12

    def __init__(self, name, pytorch, make):
        self.name = name
        self.pytorch = pytorch
        self.make = make

    def tensors(self):
        weight = torch.zeros(1, requires_grad=True)
        weight.grad = torch.zeros(1)
        optimizer = torch.optim.SGD([weight], lr=0.1)
        schedule = self.make(optimizer)
        rates = []
        for _ in range(self.steps):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if schedule is not None:
                schedule.step()
        return {"output/rates": torch.tensor(rates)}


def warmed_cosine(optimizer):
    s = torch.optim.lr_scheduler
    return s.SequentialLR(
        optimizer,
        [s.LinearLR(optimizer, start_factor=0.25, total_iters=4), s.CosineAnnealingLR(optimizer, T_max=8)],
        milestones=[4],
    )


def schedules():
    s = torch.optim.lr_scheduler
    return [
        ScheduleCase("constant", "no schedule", lambda o: None),
        ScheduleCase("step", "StepLR(step_size=3, gamma=0.5)", lambda o: s.StepLR(o, 3, gamma=0.5)),
        ScheduleCase("exponential", "ExponentialLR(gamma=0.8)", lambda o: s.ExponentialLR(o, gamma=0.8)),
        ScheduleCase(
            "several steps", "MultiStepLR([3, 7], gamma=0.2)", lambda o: s.MultiStepLR(o, [3, 7], gamma=0.2)
        ),
        ScheduleCase(
            "polynomial", "PolynomialLR(total_iters=10, power=2)", lambda o: s.PolynomialLR(o, 10, power=2.0)
        ),
        ScheduleCase(
            "line down",
            "LinearLR(start_factor=1, end_factor=0.1, total_iters=10)",
            lambda o: s.LinearLR(o, 1.0, 0.1, total_iters=10),
        ),
        ScheduleCase("cosine", "CosineAnnealingLR(T_max=12)", lambda o: s.CosineAnnealingLR(o, T_max=12)),
        ScheduleCase(
            "cosine to a rate",
            "CosineAnnealingLR(T_max=12, eta_min=0.02)",
            lambda o: s.CosineAnnealingLR(o, T_max=12, eta_min=0.02),
        ),
        ScheduleCase(
            "linear warm-up",
            "LinearLR(start_factor=1 / 3, total_iters=5)",
            lambda o: s.LinearLR(o, total_iters=5),
        ),
        ScheduleCase(
            "linear warm-up, then cosine",
            "SequentialLR(LinearLR(start_factor=0.25, total_iters=4), CosineAnnealingLR(T_max=8))",
            warmed_cosine,
        ),
        ScheduleCase(
            "one cycle",
            "OneCycleLR(max_lr=0.4, total_steps=12)",
            lambda o: s.OneCycleLR(o, max_lr=0.4, total_steps=12),
        ),
        ScheduleCase(
            "one cycle by lines",
            "OneCycleLR(max_lr=0.4, total_steps=12, pct_start=0.4, anneal_strategy='linear', div_factor=10, final_div_factor=100)",
            lambda o: s.OneCycleLR(
                o, 0.4, total_steps=12, pct_start=0.4, anneal_strategy="linear", div_factor=10, final_div_factor=100
            ),
        ),
        ScheduleCase(
            "one cycle of three phases",
            "OneCycleLR(max_lr=0.4, total_steps=12, three_phase=True)",
            lambda o: s.OneCycleLR(o, 0.4, total_steps=12, three_phase=True),
        ),
    ]
