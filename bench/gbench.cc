// gbench.cc: Google Benchmark behind gbench.h.
#include "gbench.h"

#include <benchmark/benchmark.h>

#include <cstring>
#include <iostream>
#include <map>
#include <sstream>
#include <string>

namespace {

double ticks = 0;
std::map<std::string, int> threads_of; // by name

// Time comes from gb_seconds, for the roofs too.
void measure(benchmark::State &state, const gb_case &c) {
    const double roof = c.begin(c.ctx);
    const double last_axis = c.last_axis ? c.last_axis(c.ctx) : 0;
    if (c.restore) c.restore(c.ctx);
    c.run(c.ctx);
    double seconds = 0;
    const double start = gb_seconds(c.threads);
    for (auto _ : state) {
        if (c.restore) {
            state.PauseTiming();
            c.restore(c.ctx);
            state.ResumeTiming();
            const double from = gb_seconds(c.threads);
            c.run(c.ctx);
            seconds += gb_seconds(c.threads) - from;
        } else {
            c.run(c.ctx);
        }
    }
    if (!c.restore) seconds = gb_seconds(c.threads) - start;
    seconds /= static_cast<double>(state.iterations());
    state.counters["elements_per_second"] = c.items / seconds;
    if (c.bytes > 0) state.counters["bytes_per_second"] = c.bytes / seconds;
    if (ticks > 0) state.counters["ticks_per_element"] = seconds * ticks / c.items;
    if (roof > 0) {
        state.counters["roof_bytes_per_second"] = roof;
        state.counters["roof_fraction"] = c.bytes / seconds / roof;
    }
    if (last_axis > 0) state.counters["share_of_last_axis"] = c.bytes / seconds / last_axis;
    if (c.error_bound >= 0) state.counters["error_bound_ulp"] = c.error_bound;
    if (c.digest && *c.digest) state.SetLabel(*c.digest);
}

// What Google Benchmark writes to std::cerr, kept: of mistakes the program speaks in words of its
// own.
class Quiet {
  public:
    explicit Quiet(std::ostringstream &to) : before_(std::cerr.rdbuf(to.rdbuf())) {}
    Quiet(const Quiet &) = delete;
    Quiet &operator=(const Quiet &) = delete;
    ~Quiet() { std::cerr.rdbuf(before_); }

  private:
    std::streambuf *before_;
};

// Rows for the table on standard output and, if wanted, Google Benchmark's JSON into a string: a
// file is written when it is complete.
class Table : public benchmark::BenchmarkReporter {
  public:
    Table(void (*report)(const gb_row *), bool with_json) : report_(report), with_json_(with_json) {
        json_.SetOutputStream(&text_);
        json_.SetErrorStream(&text_);
    }
    std::string text() const { return text_.str(); }
    bool ReportContext(const Context &context) override {
        PrintBasicContext(&GetOutputStream(), context);
        return !with_json_ || json_.ReportContext(context);
    }
    void Finalize() override {
        if (with_json_) json_.Finalize();
    }
    void ReportRuns(const std::vector<Run> &runs) override {
        if (with_json_) {
            std::vector<Run> copy = runs;
            // The threads are the library's, not Google Benchmark's, which would say 1.
            for (Run &r : copy) r.threads = threads_of[r.run_name.function_name];
            json_.ReportRuns(copy);
        }
        double spread = 0;
        for (const Run &r : runs)
            if (r.aggregate_name == "cv") spread = counter(r, "elements_per_second");
        for (const Run &r : runs) {
            const bool single = r.run_type == Run::RT_Iteration && r.repetitions <= 1;
            if (!single && r.aggregate_name != "median") continue;
            const gb_row row = {r.run_name.function_name.c_str(),
                                static_cast<long>(r.family_index),
                                counter(r, "elements_per_second"),
                                counter(r, "bytes_per_second"),
                                counter(r, "roof_bytes_per_second"),
                                counter(r, "ticks_per_element"),
                                counter(r, "roof_fraction"),
                                counter(r, "share_of_last_axis"),
                                spread};
            report_(&row);
        }
    }

  private:
    static double counter(const Run &r, const char *name) {
        const auto at = r.counters.find(name);
        return at == r.counters.end() ? 0 : at->second.value;
    }
    void (*report_)(const gb_row *);
    bool with_json_;
    std::ostringstream text_;
    benchmark::JSONReporter json_;
};

} // namespace

extern "C" void gb_register(const gb_case *c) {
    gb_case copy = *c;
    copy.threads = c->threads > 1 ? c->threads : 1;
    threads_of[c->name] = copy.threads;
    benchmark::RegisterBenchmark(c->name,
                                 [copy](benchmark::State &state) { measure(state, copy); });
}

extern "C" size_t gb_count() { return threads_of.size(); }

extern "C" void gb_context(const char *key, const char *value) {
    benchmark::AddCustomContext(key, value);
}

extern "C" long gb_main(int argc, char **argv, double tick_rate, void (*report)(const gb_row *),
                        char **json) {
    bool own = true;
    for (int i = 1; i < argc; i++) own = own && !std::strstr(argv[i], "--benchmark_format");
    size_t run = 0;
    std::ostringstream said;
    {
        const Quiet quiet(said);
        benchmark::Initialize(&argc, argv);
        if (argc > 1) return -1;
        ticks = tick_rate;
        Table table(report, json != nullptr);
        run = benchmark::RunSpecifiedBenchmarks(own ? &table : nullptr);
        if (json) *json = strdup(table.text().c_str());
    }
    if (run > 0) std::cerr << said.str();
    benchmark::Shutdown();
    return static_cast<long>(run);
}
