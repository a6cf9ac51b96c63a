#!/usr/bin/env python3
"""Solves a depot that bench-phases has written as a linear problem by HiGHS (python3-scipy).

Prints the cost and the milliseconds of processor time that the solver took.
"""
import sys
import time

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_matrix

NONE = 1000000000  # W: no limit


def main(path):
    numbers = np.array(open(path).read().split(), dtype=np.int64)
    n, slots, nodes = numbers[:3]
    at = 3
    parent = numbers[at:at + nodes]
    at += nodes
    slot = numbers[at:at + 5 * slots].reshape(slots, 5)
    at += 5 * slots
    limit = numbers[at:at + 4 * nodes * slots].reshape(nodes, slots, 4)
    at += 4 * nodes * slots
    vehicles = numbers[at:at + 9 * n].reshape(n, 9)

    cost, most, rows, cols, parts, right = [], [], [], [], [], []
    row_of = {}
    eq_rows, eq_cols, eq_right = [], [], []

    def add(key, bound, part, col):
        if bound >= NONE or part == 0:
            return
        if key not in row_of:
            row_of[key] = len(right)
            right.append(bound / 1000)
        rows.append(row_of[key])
        cols.append(col)
        parts.append(part / 6)

    for i in range(n):
        node, first, end, w, need, price = vehicles[i, :6]
        sixths = vehicles[i, 6:]
        for t in range(first, end):
            col = len(cost)
            cost.append(slot[t, 0])
            most.append(w / 1000)
            eq_rows.append(i)
            eq_cols.append(col)
            v = node
            while v >= 0:
                add((v, 0, t), limit[v, t, 0], 6, col)
                for a in range(3):
                    add((v, 1 + a, t), limit[v, t, 1 + a], sixths[a], col)
                v = parent[v]
            for a in range(3):
                for b in range(3):
                    rest = slot[t, 2 + a] - slot[t, 2 + b]
                    if a != b and slot[t, 1] < NONE:
                        add((-1, 3 * a + b, t), max(slot[t, 1] - rest, 0),
                            sixths[a] - sixths[b], col)
        eq_rows.append(i)
        eq_cols.append(len(cost))
        cost.append(price)
        most.append(None)
        eq_right.append(need / 1000)

    columns = len(cost)
    above = coo_matrix((parts, (rows, cols)), shape=(len(right), columns)).tocsr()
    needs = coo_matrix((np.ones(len(eq_rows)), (eq_rows, eq_cols)), shape=(n, columns)).tocsr()
    began = time.process_time()
    found = linprog(cost, A_ub=above, b_ub=right, A_eq=needs, b_eq=eq_right,
                    bounds=[(0, m) for m in most], method="highs")
    took = time.process_time() - began
    if found.status != 0:
        sys.exit("HiGHS: " + found.message)
    print("%.9g %.3f" % (found.fun * 1000, took * 1000))


main(sys.argv[1])
