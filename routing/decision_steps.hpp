#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sipsteer {

/// What a decision looked at, in words, for `explain`. On the packet path there is none (nullptr).
class DecisionSteps {
  public:
    void add(std::string_view what, std::string_view detail = {}) {
        std::string& step = steps_.emplace_back(what);
        if (!detail.empty()) step.append(": ").append(detail);
    }
    [[nodiscard]] const std::vector<std::string>& all() const noexcept { return steps_; }

  private:
    std::vector<std::string> steps_;
};

}  // namespace sipsteer
