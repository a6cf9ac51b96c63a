"""Solves a minimum-cost flow in the DIMACS form with HiGHS; prints its processor time and the cost.

The better one of dual simplex and interior point counts; reading and building do not.
"""
import sys
import time

import numpy
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

supply, arcs = {}, []
with open(sys.argv[1]) as file:
    for line in file:
        word = line.split()
        if word[0] == "p":
            nodes = int(word[2])
        elif word[0] == "n":
            supply[int(word[1]) - 1] = int(word[2])
        else:
            arcs.append([int(w) for w in word[1:]])
arc = numpy.array(arcs)
n = len(arc)
ones = numpy.ones(n)
columns = numpy.arange(n)
a = csr_matrix(
    (
        numpy.concatenate([ones, -ones]),
        (numpy.concatenate([arc[:, 0] - 1, arc[:, 1] - 1]), numpy.concatenate([columns, columns])),
    ),
    shape=(nodes, n),
)
b = numpy.zeros(nodes)
for node, amount in supply.items():
    b[node] = amount
best, cost = None, None
for method in "highs-ds", "highs-ipm":
    begin = time.process_time()
    result = linprog(arc[:, 4], A_eq=a, b_eq=b, bounds=arc[:, 2:4], method=method)
    ms = (time.process_time() - begin) * 1000
    if result.status != 0:
        sys.exit("no solution")
    if best is None or ms < best:
        best, cost = ms, result.fun
print(f"ms {best:.3f}")
print(f"cost {cost:.3f}")
