#!/usr/bin/env python3
"""Solves a depot that bench-storage has written as a linear problem by HiGHS (python3-scipy).

Prints the cost and the milliseconds of processor time of the faster one of dual simplex and interior
point; the second is given no more time than the first took.
"""
import sys
import time

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_matrix

LIMIT_S = 120
KW = 1000.0
EUR = 1e6


class Problem:
    def __init__(self):
        self.low, self.high, self.cost = [], [], []
        self.rows, self.columns, self.values, self.right = [], [], [], []

    def column(self, low, high, cost=0.0):
        self.low.append(low)
        self.high.append(high)
        self.cost.append(cost)
        return len(self.cost) - 1

    def row(self, right):
        self.right.append(right)
        return len(self.right) - 1

    def put(self, row, column, value):
        self.rows.append(row)
        self.columns.append(column)
        self.values.append(value)


def build(path):
    numbers = np.array(open(path).read().split(), dtype=np.int64)
    n, slots, nodes, paid, charge = (int(x) for x in numbers[:5])
    at = 5
    parent = numbers[at:at + nodes]
    at += nodes
    slot = numbers[at:at + 3 * slots].reshape(slots, 3)
    at += 3 * slots
    limit = numbers[at:at + 2 * nodes * slots].reshape(nodes, slots, 2)
    at += 2 * nodes * slots
    devices = numbers[at:at + 13 * n].reshape(n, 13)
    p = Problem()
    constant = 0.0
    balance = [[p.row(0.0) for _ in range(slots)] for _ in range(nodes)]

    for d in devices:
        node, begin, end, most, give, c_pm, d_pm, stored, full, least, need, missing, wear = (
            float(x) for x in d)
        node, begin, end = int(node), int(begin), int(end)
        before = None
        if give == 0:
            total = p.row((need - stored) / KW)
        for t in range(begin, end):
            c = p.column(0, most / KW)
            p.put(balance[node][t], c, 1)
            if give == 0:
                p.put(total, c, c_pm / 1000)
                continue
            g = p.column(0, give / KW, wear / EUR)
            level = p.column(least / KW, full / KW)
            chain = p.row(-stored / KW if before is None else 0.0)
            if before is not None:
                p.put(chain, before, 1)
            p.put(chain, c, c_pm / 1000)
            p.put(chain, g, -1000 / d_pm)
            p.put(chain, level, -1)
            p.put(balance[node][t], g, -1)
            before = level
        if give == 0:
            p.put(total, p.column(0, np.inf, missing / EUR), 1)
        else:
            last = p.row(need / KW)
            p.put(last, before, 1)
            p.put(last, p.column(0, np.inf, missing / EUR), 1)
            p.put(last, p.column(0, np.inf), -1)

    peak = p.column(paid / KW, np.inf, charge / EUR)
    constant -= charge / EUR * paid / KW
    for v in range(nodes):
        for t in range(slots):
            flow = p.column(-limit[v][t][1] / KW, limit[v][t][0] / KW)
            p.put(balance[v][t], flow, -1)
            if v:
                p.put(balance[parent[v]][t], flow, 1)
                continue
            site = p.row(-slot[t][2] / KW)
            p.put(site, flow, 1)
            drawn = p.column(0, np.inf, slot[t][0] / EUR)
            p.put(site, drawn, -1)
            p.put(site, p.column(0, np.inf, -slot[t][1] / EUR), 1)
            below = p.row(0.0)
            p.put(below, drawn, 1)
            p.put(below, peak, -1)
            p.put(below, p.column(0, np.inf), 1)
    return p, constant


def main(path):
    p, constant = build(path)
    a = coo_matrix((p.values, (p.rows, p.columns)), shape=(len(p.right), len(p.cost))).tocsr()
    bounds = np.column_stack([p.low, p.high])
    best, cost, limit = None, None, LIMIT_S
    for method in "highs-ipm", "highs-ds":
        began = time.process_time()
        result = linprog(p.cost, A_eq=a, b_eq=p.right, bounds=bounds, method=method,
                         options={"time_limit": limit})
        took = time.process_time() - began
        if result.status == 0 and (best is None or took < best):
            best, cost, limit = took, result.fun + constant, max(1.0, took)
    if best is None:
        sys.exit("no solution in time")
    print(f"{cost * EUR * KW:.6f} {best * 1000:.3f}")


main(sys.argv[1])
