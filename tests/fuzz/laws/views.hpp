#pragma once

#include <functional>
#include <string_view>

namespace sipsteer::laws {

/// Whether `view` lies within `whole`. An empty view without data lies everywhere.
[[nodiscard]] inline bool inside(std::string_view view, std::string_view whole) {
    if (view.data() == nullptr) return view.empty();
    const std::less_equal<> not_after;
    return not_after(whole.data(), view.data()) &&
           not_after(view.data() + view.size(), whole.data() + whole.size());
}

}  // namespace sipsteer::laws

/// States one sentence of a law: returns it from the law when it does not hold.
#define SIPSTEER_HOLDS(sentence) \
    if (!(sentence)) return #sentence
