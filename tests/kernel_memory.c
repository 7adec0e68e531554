/* kernel_memory.c: kernels read and write what they are given and nothing else, wherever it lies.
 */
#include "cells.h"

ParameterizedTestParameters(memory, every_length_and_place) { return cells_all(1); }
ParameterizedTest(int *cell, memory, every_length_and_place, .timeout = 1800) {
    cells_check(*cell, check_memory);
}
