// gbench.cc: Google Benchmark behind gbench.h.
#include "gbench.h"

#include <benchmark/benchmark.h>

#include <cstring>
#include <memory>

namespace {

double ticks = 0;

// Time comes from gb_seconds, for the roofs too.
void measure(benchmark::State &state, const gb_case &c) {
    const double roof = c.begin(c.ctx);
    if (c.restore) c.restore(c.ctx);
    c.run(c.ctx);
    double seconds = 0;
    const double start = gb_seconds();
    for (auto _ : state) {
        if (c.restore) {
            state.PauseTiming();
            c.restore(c.ctx);
            state.ResumeTiming();
            const double from = gb_seconds();
            c.run(c.ctx);
            seconds += gb_seconds() - from;
        } else {
            c.run(c.ctx);
        }
    }
    if (!c.restore) seconds = gb_seconds() - start;
    seconds /= static_cast<double>(state.iterations());
    state.counters["elements_per_second"] = c.items / seconds;
    state.counters["bytes_per_second"] = c.bytes / seconds;
    if (ticks > 0) state.counters["tsc_cycles_per_element"] = seconds * ticks / c.items;
    if (roof > 0) {
        state.counters["roof_bytes_per_second"] = roof;
        state.counters["roof_fraction"] = c.bytes / seconds / roof;
    }
}

class Table : public benchmark::BenchmarkReporter {
  public:
    explicit Table(void (*report)(const gb_row *)) : report_(report) {}
    bool ReportContext(const Context &context) override {
        PrintBasicContext(&GetOutputStream(), context);
        return true;
    }
    void ReportRuns(const std::vector<Run> &runs) override {
        double spread = 0;
        for (const Run &r : runs)
            if (r.aggregate_name == "cv") spread = counter(r, "elements_per_second");
        for (const Run &r : runs) {
            const bool single = r.run_type == Run::RT_Iteration && r.repetitions <= 1;
            if (!single && r.aggregate_name != "median") continue;
            const gb_row row = {
                r.run_name.function_name.c_str(),    static_cast<long>(r.family_index),
                counter(r, "elements_per_second"),   counter(r, "bytes_per_second"),
                counter(r, "roof_bytes_per_second"), counter(r, "tsc_cycles_per_element"),
                counter(r, "roof_fraction"),         spread};
            report_(&row);
        }
    }

  private:
    static double counter(const Run &r, const char *name) {
        const auto at = r.counters.find(name);
        return at == r.counters.end() ? 0 : at->second.value;
    }
    void (*report_)(const gb_row *);
};

} // namespace

extern "C" void gb_register(const gb_case *c) {
    const gb_case copy = *c;
    benchmark::RegisterBenchmark(c->name,
                                 [copy](benchmark::State &state) { measure(state, copy); });
}

extern "C" void gb_context(const char *key, const char *value) {
    benchmark::AddCustomContext(key, value);
}

extern "C" long gb_main(int argc, char **argv, double tick_rate, void (*report)(const gb_row *)) {
    bool own = true;
    for (int i = 1; i < argc; i++) own = own && !std::strstr(argv[i], "--benchmark_format");
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return -1;
    ticks = tick_rate;
    const std::unique_ptr<Table> table(own ? new Table(report) : nullptr);
    const size_t run = benchmark::RunSpecifiedBenchmarks(table.get());
    benchmark::Shutdown();
    return static_cast<long>(run);
}
