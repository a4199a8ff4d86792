"""The six systems, as each is documented to run what is exported for it: (start, size, lr)."""

import math
import shlex
from types import SimpleNamespace

from bsgrow.schedule.export import parse_levanter, parse_megatron


def megatron_options(text):
    """The options of the shell array, by name."""
    body = "".join(line + "\n" for line in text.splitlines() if not line.startswith("#"))
    words = shlex.split(body.removeprefix("SCHEDULE_ARGS=(").rstrip().removesuffix(")"))
    return dict(zip(words[::2], words[1::2], strict=True))


def run_megatron(text, tokens):
    """Batch and lr by the samples consumed before an update; the batch must not fall."""
    options = megatron_options(text)
    schedule = parse_megatron(options["--step-batch-size-schedule"], tokens)
    sample, total, before = 0, int(options["--train-samples"]), 0
    while sample < total:
        size = [size for start, size in schedule if start <= sample][-1]
        assert size >= before
        yield sample, size, megatron_lr(sample, options)
        sample, before = sample + size, size


def megatron_lr(sample, options):
    peak, style = float(options["--lr"]), options["--lr-decay-style"]
    warmup = int(options.get("--lr-warmup-samples", 0))
    if warmup and sample <= warmup:
        first = float(options["--lr-warmup-init"])
        return first + (peak - first) * sample / warmup
    if style == "constant":
        return peak
    start, end = warmup, int(options["--lr-decay-samples"])
    if style == "WSD":
        start = end - int(options["--lr-wsd-decay-samples"])
        style = options["--lr-wsd-decay-style"]
    return decayed(style, sample, start, end, peak, float(options["--min-lr"]))


def decayed(style, position, start, end, peak, low):
    share = max(0.0, (position - start) / (end - start))
    left = 1 - share if style == "linear" else (1 + math.cos(math.pi * share)) / 2
    return low + left * (peak - low)


def levanter_values(text):
    """The keys with a number or a word in the YAML; the list is read by the parser."""
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    pairs = (line.split(": ") for line in lines if ": " in line)
    return {key.strip(" -"): value.strip('"') for key, value in pairs}


def run_levanter(text):
    values = levanter_values(text)
    schedule, sample = parse_levanter(text.split("num_train_steps")[0]), 0
    for step in range(int(values["num_train_steps"])):
        size = [size for start, size in schedule if start <= sample][-1]
        yield sample, size, levanter_lr(step, values)
        sample += size


def levanter_lr(step, values):
    """Numbers up to 1 are shares of the run."""
    peak, total = float(values["learning_rate"]), int(values["num_train_steps"])

    def steps(key):
        number = float(values[key])
        return int(number * total) if number <= 1 else int(number)

    warmup = steps("warmup")
    if step < warmup:
        return peak * step / warmup
    if values["lr_schedule"] == "constant":
        return peak
    low = peak * float(values["min_lr_ratio"])
    return decayed(values["lr_schedule"], step, total - steps("decay"), total, peak, low)


def record(**fields):
    return SimpleNamespace(**fields)


class Callback:
    """A BatchSizeSchedulerCallback: two lists."""

    def __init__(self, **fields):
        vars(self).update(fields)


OLMO_CORE = {
    "BatchSizeSchedulerCallback": Callback,
    "ComposableScheduler": record,
    "ComposableSchedulerStage": record,
    "Duration": SimpleNamespace(tokens=int),
    "OptimConfig": object,
    "SchedulerUnits": SimpleNamespace(tokens="tokens"),
}


def run_olmo_core(names, tokens, num_samples):
    """The batch before loading, the lr on the tokens seen with it; each epoch drops its end."""
    callback, seen, processed = names["batch_size_scheduler"], 0, 0
    size, epoch = names["global_batch_size"], num_samples * tokens
    while seen < names["max_duration"]:
        if processed == epoch // size:
            processed = 0
        pairs = zip(callback.batch_sizes, callback.schedule, strict=True)
        wanted = [batch for batch, start in pairs if start <= seen][-1]
        if wanted > size and processed % (wanted // size) == 0:
            processed, size = processed // (wanted // size), wanted
        elif wanted < size:
            processed, size = processed * (size // wanted), wanted
        if processed == epoch // size:
            processed = 0
        start, seen, processed = seen, seen + size, processed + 1
        yield start // tokens, size // tokens, olmo_core_lr(names["scheduler"].stages, seen)


def olmo_core_lr(stages, seen):
    start = 0
    for stage in stages:
        if seen < start + stage.duration:
            share = (seen - start) / stage.duration
            return stage.start_lr + (stage.end_lr - stage.start_lr) * share
        start += stage.duration
    return stages[-1].end_lr


NEMO = {
    "MegatronDataSampler": record,
    "OptimizerConfig": record,
    "lr_scheduler": SimpleNamespace(
        WarmupPolicyScheduler=lambda **fields: ("constant", fields),
        CosineAnnealingScheduler=lambda **fields: ("cosine", fields),
        WarmupHoldAnnealScheduler=lambda **fields: ("linear", fields),
    ),
}


def run_nemo(names):
    """The first update is not counted; the one that a restart follows is counted twice."""
    sampler, sample, counted, before = names["data_sampler"], 0, 0, None
    (style, fields), peak = names["scheduler"], names["learning_rate"]
    for step in range(names["max_steps"]):
        size = sampler.global_batch_size
        if sampler.rampup_batch_size is not None:
            first, increment, samples = sampler.rampup_batch_size
            distance = samples / ((size - first) // increment)
            if counted <= samples:
                size = first + int(counted / distance) * increment
        yield sample, size, nemo_lr(step, style, fields, peak)
        sample, counted = sample + size, counted + (size if step else 0)
        counted += size if before not in (None, size) else 0
        before = size


def nemo_lr(step, kind, fields, peak):
    total = fields["max_steps"]
    warmup = fields.get("warmup_steps", int(fields.get("warmup_ratio", 0) * total))
    hold = int(fields.get("hold_ratio", 0) * total) + warmup
    if step <= warmup and warmup:
        return peak * (step + 1) / (warmup + 1)
    if kind == "constant" or step < hold:
        return peak
    return decayed(kind, step, hold, total, peak, fields["min_lr"])


class Engine:
    """DeepSpeed's: an update is due where the count of micro-batches divides."""

    def __init__(self, config, ranks):
        self.size, self.micro = config["train_batch_size"], config["train_micro_batch_size_per_gpu"]
        self.ranks, self.global_steps, self.micro_steps = ranks, 0, 0

    def train_batch_size(self):
        return self.size

    def set_train_batch_size(self, size):
        assert size % (self.micro * self.ranks) == 0
        self.size = size

    def update(self):
        """Run micro-batches up to the boundary, and return their samples."""
        unit, begun = self.micro * self.ranks, self.micro_steps
        self.micro_steps += 1
        while self.micro_steps % (self.size // unit):
            self.micro_steps += 1
        self.global_steps += 1
        return (self.micro_steps - begun) * unit


LAMBDA = {"LambdaLR": lambda optimizer, factor: factor}


def run_deepspeed(names, ranks):
    engine, factor, sample = Engine(names["DS_CONFIG"], ranks), names["lr_scheduler"](None), 0
    while engine.global_steps < names["NUM_UPDATES"]:
        names["set_batch_size"](engine)
        lr = factor(engine.global_steps) * names["PEAK_LR"]
        size = engine.update()
        yield sample, size, lr
        sample += size


LIGHTNING = {**LAMBDA, "GradientAccumulationScheduler": lambda scheduling: scheduling}


def run_lightning(names, ranks, num_samples):
    """A step where the batches of the epoch divide by the accumulation, and on the last one."""
    factor, scheduling = names["lr_scheduler"](None), names["accumulation"]
    for epoch in range(names["max_epochs"]):
        accumulated = [scheduling[first] for first in sorted(scheduling) if first <= epoch][-1]
        size = accumulated * names["batch_size"] * ranks
        lr = factor(epoch) * names["PEAK_LR"]
        for start in range(0, num_samples, size):
            yield epoch * num_samples + start, min(size, num_samples - start), lr
