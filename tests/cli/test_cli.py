#!/usr/bin/env python3
"""test_cli.py PATH_TO_NLL [-v]: tests of the program, from outside; prints 'N passed, N failed'."""

import os
import sys
import unittest

import support
import bench
import distributions
import divergences
import fitting
import headers
import inputs
import kl_dist
import models
import outputs
import reports
import reports_bad
import scores
import sequences
import sparse
import usage

MODULES = (
    bench, distributions, divergences, fitting, headers, inputs, kl_dist, models, outputs, reports, reports_bad, scores,
    sequences, sparse, usage)


def main():
    if len(sys.argv) < 2 or not os.access(sys.argv[1], os.X_OK):
        sys.exit("usage: test_cli.py PATH_TO_NLL [-v]")
    support.NLL = os.path.abspath(sys.argv[1])
    loader = unittest.defaultTestLoader
    suite = unittest.TestSuite(loader.loadTestsFromModule(module) for module in MODULES)
    result = unittest.TextTestRunner(sys.stdout, verbosity=1 + ("-v" in sys.argv)).run(suite)
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    skipped = len(result.skipped)
    print("%d passed, %d failed%s" % (max(0, result.testsRun - failed - skipped), failed,
                                      ", %d skipped" % skipped if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
