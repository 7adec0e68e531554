#!/usr/bin/env python3
"""Makes moments.txt: mean, variance and Fisher information of every model, by integrating its density.

No closed form is used: the density is exp(-loss) of counts.py, reals.py and positive.py, the Fisher
information the expectation of the loss's second derivatives.  Integrals are trapezoidal sums over a
variable t that maps the real line to the support, which converge faster than any power of the step;
that the density integrates to 1 is checked to 20 digits.  A circular distribution has the circular
variance 1 - E cos(y - loc).  Tweedie's loss is no density: E y = mean and var y = mean^power there.

    moments.py [KERNEL ...] > moments.txt
"""
import sys

from mpmath import mp, mpf

import jets
from draw import Draw
from generate import MODELS

SETS = 12


def short(x):
    """A multiple of 1/64: exact in a line of text and as a float."""
    return max(round(float(x) * 64), 1) / 64


def parameters(name, names, r):
    """Moderate parameters, so that the second moments and those of the Fisher information exist."""
    x = []
    for p in names[:-1]:
        if p in ('total_count',):
            v = float(r.one_of(1, 2, 5, 17, 40))
        elif p in ('probs', 'gate') or (p == 'mean' and name == 'beta_mean_precision'):
            v = short(.05 + .9 * r.random())
        elif p in ('logits', 'gate_logits', 'log_rate', 'log_mean', 'loc'):
            v = round(64 * (4 * r.random() - 2)) / 64
        elif p == 'power':
            v = short(1.1 + .8 * r.random())
        elif p == 'df' or name in ('pareto', 'inverse_gamma') and p == 'concentration':
            v = short(2.5 + 20 * r.random() ** 2)
        elif name == 'lognormal':
            v = short(.2 + r.random())
        elif name == 'beta_mean_precision':
            v = short(6 + 30 * r.random())
        else:
            v = short(.4 + 12 * r.random() ** 2)
        x.append(v)
    return x


def counts(x, most):
    k = mpf(0)
    while most is None or k <= most:
        yield k, mpf(1)
        k += 1
        if k > 20000:
            break


def line(place, step=mpf(1) / 16, reach=250):
    """Nodes y = place(t) with weights; place returns y and dy/dt, or None where it leaves the support."""
    for i in range(-reach * 16, reach * 16 + 1):
        node = place(i * step)
        if node:
            yield node[0], node[1] * step


def half_line(at, scale):
    def place(t):
        if abs(t) > 150:
            return None
        w = scale * mp.exp(t)
        return at + w, abs(w)
    return place


def nodes(name, x):
    """Lists of (y, weight) that together cover the support."""
    if name == 'beta_binomial' or name.startswith('binomial'):
        return [counts(x, x[0])]
    if not MODELS[name].real:
        return [counts(x, None)]
    if name == 'von_mises':
        n = 400
        return [((x[0] + 2 * mp.pi * (i + mpf(1) / 2) / n - mp.pi, 2 * mp.pi / n) for i in range(n))]
    if name == 'laplace':
        return [line(half_line(x[0], x[1])), line(half_line(x[0], -x[1]))]
    if name.startswith('beta'):
        def place(t):
            y = jets.sigmoid_of(t)
            return (y, y * jets.sigmoid_of(-t)) if abs(t) < 150 else None
        return [line(place)]
    if name == 'pareto':
        def place(t):
            if not -80 < t < 6:
                return None
            w = mp.exp(t)
            y = x[1] * mp.exp(w)
            return y, y * w
        return [line(place)]
    if name == 'weibull':  # w = k log(y / scale) is Gumbel's, whatever the shape
        def place(t):
            y = x[1] * mp.exp(t / x[0])
            return (y, y / x[0]) if -300 < t < 6 else None
        return [line(place)]
    if name == 'lognormal':
        def place(t):
            y = mp.exp(x[0] + x[1] * t)
            return (y, y * x[1]) if abs(t) < 30 else None
        return [line(place)]
    if 'loc' in MODELS[name].names:
        loc, s = x[-2], x[-1]
        if name == 'gumbel':
            return [line(lambda t: (loc + s * t, s) if -6 < t < 90 else None)]

        def place(t):
            return (loc + s * mp.sinh(t), s * mp.cosh(t)) if abs(t) < 140 else None
        return [line(place)]
    return [line(half_line(mpf(0), mpf(1)))]


def moments(name, x):
    """Mean, variance, Fisher information of the parameters."""
    model = MODELS[name]
    if name.startswith('tweedie'):
        m = mp.exp(x[0]) if name.endswith('log_mean') else x[0]
        f = model.evaluate(x + [m])
        return [m, m ** x[1]] + f[-len(model.params):]
    sums = [mpf(0)] * (3 + len(model.params))
    centre = x[0] if name == 'von_mises' else 0
    for part in nodes(name, x):
        for y, w in part:
            try:
                if model.loss(*x, y) > 400:
                    continue
            except OverflowError:  # exp of more than the largest number: no density there
                continue
            f = model.loss(*jets.variables(x + [y], list(model.params)))
            p = w * mp.exp(-f.v)
            circle = mp.cos(y - centre) if name == 'von_mises' else y * y
            terms = [p, p * y, p * circle] + [p * h for h in f.h]
            if not model.real and y > 50 and p < mpf(10) ** -30 and terms[2] < mpf(10) ** -30:
                break
            sums = [a + b for a, b in zip(sums, terms)]
    if abs(sums[0] - 1) > mpf(10) ** -20:
        raise SystemExit(f'{name} {x}: the density integrates to {mp.nstr(sums[0], 25)}')
    var = 1 - sums[2] if name == 'von_mises' else sums[2] - sums[1] ** 2
    return [sums[1], var] + sums[3:]


def has_moments(name):
    return name != 'cauchy'


def main(names):
    print('# kernel, parameters : mean variance, Fisher information of the differentiable parameters')
    for name in names or MODELS:
        model, r = MODELS[name], Draw(77, False)
        mp.dps = 90 if name.startswith('beta_') else 30  # 1 - y goes down to exp(-150)
        for _ in range(SETS):
            x = parameters(name, model.names, r)
            m = moments(name, [mpf(v) for v in x])
            if not has_moments(name):
                m[0] = m[1] = mp.nan
            if name == 'laplace':  # the information is that of the kink: E of the squared slope
                m[2] = 1 / mpf(x[1]) ** 2
            m = [mpf(0) if abs(v) < mpf(10) ** -24 else v for v in m]  # a symmetric mean
            print(name, *x, ':', *[mp.nstr(v, 20) for v in m])


if __name__ == '__main__':
    main(sys.argv[1:])
