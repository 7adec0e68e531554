// header_cpp.cc: the public header alone, in C++17.
#include <nll/nll.h>

#include <type_traits>

static_assert(std::is_trivial<nll_categorical_args>::value, "plain data");
static_assert(std::is_standard_layout<nll_result>::value, "plain data");

int main() {
    float x[6] = {};
    const int y[2] = {0, 2};
    nll_categorical_args a{};
    nll_result r{};
    a.struct_size = sizeof a;
    r.struct_size = sizeof r;
    a.logits = nll_view_2d(x, NLL_F32, 2, 3);
    a.target = nll_view_1d(y, NLL_I32, 2);
    a.common.reduction = NLL_SUM;
    if (nll_categorical(&a, &r) != NLL_OK) return 1;
    return r.sum > 2.197224 && r.sum < 2.197226 && nll_version() != nullptr ? 0 : 1;
}
