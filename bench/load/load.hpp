#pragma once

#include <memory>

#include "bench/load/ends.hpp"
#include "bench/load/process_cpu.hpp"

namespace sipsteer::load {

/// What the measured time gave.
struct Result {
    double seconds = 0;
    Counts counts;
    Histogram one_way;
    Histogram set_up;
    ProcessCpu target;
    ProcessCpu generator;
    Faults faults;              ///< of the whole run
    std::uint64_t lost = 0;     ///< calls, of the whole run
    std::uint64_t refused = 0;  ///< messages that the generator's own kernel did not take
    std::uint64_t invite_bytes = 0;
};

/// One run: warm-up, measured time, and then what is still going on comes to its end.
class Load {
  public:
    /// Throws std::system_error or std::runtime_error when an address cannot be had, or nobody answers there.
    explicit Load(const Options& options);

    [[nodiscard]] Result run();

  private:
    /// Until `end`, or until the wanted number of calls is over.
    void run_until(Time end);
    void begin_calls(Time now);
    void look_at_due(Time now);
    void give_up(Call& call);
    void finish();
    [[nodiscard]] bool enough() const noexcept;

    const Options& options_;
    std::uint32_t run_;
    MessageWriter writer_;
    CallBook calls_;
    Faults faults_;
    Tally tally_;
    std::unique_ptr<Transport> transport_;
    Stage stage_;
    Ends ends_;
    Time next_begin_ = 0;  // open loop
    Time next_look_ = 0;
    bool begins_ = true;
};

}  // namespace sipsteer::load
