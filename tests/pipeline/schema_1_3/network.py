
import os
import time

import torch
from torch import nn


class Table(nn.Module):
    input_shape = (8,)
    preprocessing = {"columns": {"names": [f"c{i}" for i in range(8)], "mean": [1.0] * 8, "std": [2.0] * 8}}

    def __init__(self, outputs):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 16), nn.GELU(), nn.Linear(16, outputs))

    def forward(self, x):
        time.sleep(float(os.environ.get("PAUSE_PER_BATCH", "0")))
        return self.body(x)


class Poisoned(Table):
    def forward(self, x):
        return self.body(x) + torch.where((x == 0).any(dim=1, keepdim=True), torch.nan, 0.0)


def make(outputs=3):
    return Table(outputs)


def poisoned():
    return Poisoned(3)


def single_logit():
    return Table(1)


def regression():
    network = Table(1)
    network.output = "scalar"
    return network
