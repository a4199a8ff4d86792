"""``torch.optim.NAdam``: Adam with Nesterov's momentum (Dozat 2016).

Its step has Adam's denominator, and so by analogy Adam's rule: ε/√B is held (Malladi et al., arXiv
2205.10287, which treats Adam and RMSprop alone). The weight decay is an L2 penalty, as Adam's.
"""

from dataclasses import replace

from bsgrow.schedule.optimizers import adam

NADAM = replace(adam.ADAM, torch_name="NAdam", is_fused=False)
