"""nll through its C API with ctypes: as much of it as comparisons with other libraries need."""
import ctypes as c

F32, F64, BF16, I64, NUMBER = 1, 2, 4, 11, 14
MEAN, SUM, NONE = 0, 1, 2


class View(c.Structure):
    _fields_ = [("data", c.c_void_p), ("dtype", c.c_int), ("rows", c.c_size_t), ("cols", c.c_size_t),
                ("row_stride", c.c_ssize_t), ("col_stride", c.c_ssize_t), ("value", c.c_double)]


class Out(c.Structure):
    _fields_ = View._fields_[:-1]


class Executor(c.Structure):
    _fields_ = [("user", c.c_void_p), ("parallel_for", c.c_void_p)]


class Common(c.Structure):
    _fields_ = [("sample_weight", View), ("grad_output", View), ("reduction", c.c_int), ("divisor", c.c_double),
                ("empty", c.c_int), ("check_domain", c.c_int), ("executor", c.POINTER(Executor))]


class Result(c.Structure):
    _fields_ = [("struct_size", c.c_size_t)] + \
        [(n, c.c_uint64) for n in ("rows", "count", "ignored", "nonfinite", "correct")] + \
        [(n, c.c_double) for n in ("weight_sum", "sum", "mean", "value")] + \
        [("bad_row", c.c_int64), ("compute", c.c_int)]


class Categorical(c.Structure):
    _fields_ = [("struct_size", c.c_size_t)] + \
        [(n, View) for n in ("logits", "log_probs", "probs", "target", "target_probs", "class_weight")] + \
        [("ignore_index", c.c_int64), ("has_ignore_index", c.c_int), ("count_correct", c.c_int)] + \
        [(n, c.c_double) for n in ("label_smoothing", "z_loss", "temperature", "softcap")] + \
        [("common", Common)] + \
        [(n, Out) for n in ("nll", "grad", "grad_target_probs", "lse", "mode", "p_target")]


class Bernoulli(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("rows", c.c_size_t)] + \
        [(n, View) for n in ("logits", "probs", "target", "pos_weight")] + \
        [("label_smoothing", c.c_double), ("common", Common)] + [(n, Out) for n in ("nll", "grad", "mode")]


class Gaussian(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("rows", c.c_size_t)] + \
        [(n, View) for n in ("loc", "scale", "var", "log_scale", "log_var", "target")] + \
        [("common", Common)] + [(n, Out) for n in ("nll", "grad_loc", "grad_spread", "mode")]


class Beta(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("rows", c.c_size_t)] + \
        [(n, View) for n in ("alpha", "beta", "mean", "precision", "target")] + \
        [("common", Common)] + [(n, Out) for n in ("nll", "grad_alpha", "grad_beta")]


TYPES = {"float32": F32, "float64": F64, "int64": I64, "uint16": BF16}


def place(kind, x):
    """View or Out of a NumPy array, with NumPy's own strides; uint16 holds bfloat16."""
    x2 = x if x.ndim == 2 else x[:, None]
    return kind(x.ctypes.data, TYPES[str(x.dtype)], *x2.shape, *(s // x.itemsize for s in x2.strides))


class Library:
    def __init__(self, path, threads=1):
        self.lib = c.CDLL(path)
        self.lib.nll_version.restype = self.lib.nll_isa_active.restype = c.c_char_p
        self.version = self.lib.nll_version().decode()
        self.isa = self.lib.nll_isa_active().decode()
        pool = c.c_void_p()
        self.lib.nll_pool_executor.restype = Executor
        if self.lib.nll_pool_create(c.c_size_t(threads), c.byref(pool)):
            raise RuntimeError(f"{threads} threads cannot be started")
        self.executor = self.lib.nll_pool_executor(pool) if threads > 1 else None

    def call(self, name, args):
        """A function of no arguments that makes the call and returns the mean."""
        args.struct_size = c.sizeof(args)
        if self.executor:
            args.common.executor = c.pointer(self.executor)
        result = Result(struct_size=c.sizeof(Result))
        function = getattr(self.lib, name)
        function.restype = c.c_int

        def run():
            status = function(c.byref(args), c.byref(result))
            if status:
                raise RuntimeError(f"{name}: status {status}")
            return result.mean
        return run
