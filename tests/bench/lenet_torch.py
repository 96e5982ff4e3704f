"""The peer of `bench_mlp ... lenet`: the same network on the same images in PyTorch eager (tensor preloaded, one index_select a
batch, autograd, torch.optim).

lenet_torch.py sgd|adam BATCH THREADS[,THREADS] FOLDER prints, as the benchmarks in C do, one line a number of threads:
"torch.lenet.OPTIMIZER.BATCH.THREADS<tab>samples a second", the median of stretches that take turns. Where there is no torch or no
MNIST in FOLDER it says so on standard error and prints none.

THREADS are OpenMP's: PyTorch's own loops and convolutions. Debian's torch has a second pool, OpenBLAS's, which fights the first
one; it gets one thread.
"""
import gzip
import os
import statistics
import sys
import time

optimizer, batch, folder = sys.argv[1], int(sys.argv[2]), sys.argv[4]
threads = [int(word) for word in sys.argv[3].split(",")]
os.environ["OMP_NUM_THREADS"] = str(max(threads))
os.environ["OPENBLAS_NUM_THREADS"] = "1"
try:
    import torch
except ImportError:
    sys.exit("lenet_torch: PyTorch is not installed; this peer is left out")


def read(name, header):
    with gzip.open(os.path.join(folder, name)) as file:
        return torch.frombuffer(bytearray(file.read()[header:]), dtype=torch.uint8)


try:
    x = read("mnist-train-images-idx3-ubyte.gz", 16).float().div_(255).reshape(-1, 1, 28, 28)
    y = read("mnist-train-labels-idx1-ubyte.gz", 8).long()
except OSError:
    sys.exit("lenet_torch: no MNIST in " + folder + "; this peer is left out")

nn = torch.nn
torch.manual_seed(0)
model = nn.Sequential(
    nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
    nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))
loss_of = nn.CrossEntropyLoss()
rule = torch.optim.Adam(model.parameters(), lr=0.001) if optimizer == "adam" else torch.optim.SGD(model.parameters(), lr=0.1)
order = torch.randperm(len(y))


def stretch(first, batches):
    """So many batches from row `first` on; samples a second."""
    begin = time.perf_counter()
    for at in range(first, first + batches * batch, batch):
        index = order[at : at + batch]
        rule.zero_grad(set_to_none=True)
        loss_of(model(x[index]), y[index]).backward()
        rule.step()
    return batches * batch / (time.perf_counter() - begin)


batches = max(1, 1024 // batch)
stretch(0, 2)  # what is made at first use
rates = {count: [] for count in threads}
for turn in range(8):
    for count in threads:
        torch.set_num_threads(count)
        rates[count].append(stretch(turn * batches * batch, batches))
for count in threads:
    print(f"torch.lenet.{optimizer}.{batch}.{count}\t{statistics.median(rates[count]):.9g}", flush=True)
