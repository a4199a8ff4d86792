"""What tells one plan from another."""

import json
from dataclasses import asdict
from hashlib import sha256

from bsgrow.schedule import Plan


def plan_digest(plan: Plan) -> str:
    """Return 32 hexadecimal digits that plans with the same updates share."""
    phases = [[*asdict(phase).values(), plan.last_lr(phase)] for phase in plan.phases]
    reference = [plan.reference.lr, plan.reference.momentum, dict(plan.reference.curve)]
    content = [plan.num_samples, plan.num_total_samples, phases, reference]
    return sha256(json.dumps(content, default=str).encode()).hexdigest()[:32]
