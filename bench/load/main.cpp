#include <cstdio>
#include <exception>
#include <fstream>
#include <system_error>

#include "bench/load/report.hpp"

/// Status 0: everything that came through was right, though something may have been lost; 1: it was not, or
/// no call was completed; 2: it could not run.
int main(int argc, char** argv) {
    using namespace sipsteer::load;
    const Options options = parse_options(argc, argv);
    try {
        const Result result = Load{options}.run();
        std::fputs((options.json == "-" ? to_json(options, result) : to_text(options, result)).c_str(),
                   stdout);
        if (!options.json.empty() && options.json != "-") {
            std::ofstream file{options.json};
            file << to_json(options, result);
            if (!file.flush()) throw std::system_error(errno, std::generic_category(), options.json);
        }
        if (options.target != 0 && result.target.processes == 0) {
            std::fprintf(stderr, "load: there is no process %d\n", options.target);
            return 2;
        }
        return result.faults.total() == 0 && result.counts.completed > 0 ? 0 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "load: %s\n", error.what());
        return 2;
    }
}
