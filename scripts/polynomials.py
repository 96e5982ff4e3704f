#!/usr/bin/env python3
"""Coefficients of core/kernels/isa/math.inc.c: interpolation at Chebyshev nodes in 60 digits, and its largest error.

  exp:  q(r) = (exp(r) - 1 - r) / r^2            on |r| <= ln 2 / 2
  log:  L(z) = (log((1+s)/(1-s)) - 2s) / s^3     on 0 <= z = s^2 <= ((sqrt 2 - 1) / (sqrt 2 + 1))^2

The interpolant at Chebyshev nodes is within a small factor of the best polynomial of its degree.
"""
from decimal import Decimal as D, getcontext
from math import cos, pi

getcontext().prec = 60


def exp_q(r):
    term, total, i = D(1) / 2, D(0), 2
    while abs(term) > D(10) ** -58:
        total += term
        i += 1
        term = term * r / i
    return total


def log_l(z):
    term, total, i = D(1), D(0), 3
    while abs(term) > D(10) ** -58:
        total += 2 * term / i
        term *= z
        i += 2
    return total


def interpolate(f, low, high, degree):
    n = degree + 1
    nodes = [(low + high) / 2 + (high - low) / 2 * D(cos(pi * (2 * k + 1) / (2 * n))) for k in range(n)]
    rows = [[x**j if j else D(1) for j in range(n)] + [f(x)] for x in nodes]
    for i in range(n):  # Gauss with pivots
        pivot = max(range(i, n), key=lambda r: abs(rows[r][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for r in range(n):
            if r != i:
                factor = rows[r][i] / rows[i][i]
                rows[r] = [a - factor * b for a, b in zip(rows[r], rows[i])]
    return [rows[i][n] / rows[i][i] for i in range(n)]


def show(title, f, low, high, degree):
    c = interpolate(f, low, high, degree)
    error = max(abs(f(x) - sum(a * (x**j if j else 1) for j, a in enumerate(c))) for x in
                (low + (high - low) * k / 997 for k in range(998)))
    print(f"{title}, degree {degree}, largest error {float(error):.2e}")
    for a in c:
        print(f"    {float(a)!r} {float(a).hex()}")


half = D(2).ln() / 2 * D("1.0001")
z = ((D(2).sqrt() - 1) / (D(2).sqrt() + 1)) ** 2 * D("1.0001")
for degree in (4, 9):
    show("exp", exp_q, -half, half, degree)
for degree in (2, 6):
    show("log", log_l, D(0), z, degree)
for name, value, bits in (("ln2 for float", D(2).ln(), 15), ("ln2 for double", D(2).ln(), 40)):
    high = D(int(value * 2**bits)) / 2**bits
    print(name, float(high).hex(), float(value - high).hex())
print("log2(e)", float(1 / D(2).ln()).hex())
