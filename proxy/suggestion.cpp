#include "proxy/suggestion.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "parser/chars.hpp"

namespace sipsteer {
namespace {

char folded(char c) { return c == '-' ? '_' : to_lower(c); }

/// Optimal string alignment distance: insert, delete, replace, swap of neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
    for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool same = folded(a[i - 1]) == folded(b[j - 1]);
            cost[i][j] =
                std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (same ? 0U : 1U)});
            const bool swapped = i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) &&
                                 folded(a[i - 2]) == folded(b[j - 1]);
            if (swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    }
    return cost[a.size()][b.size()];
}

}  // namespace

std::string_view nearest_word(std::string_view text, std::span<const std::string_view> words) {
    constexpr std::size_t kLongest = 64;  // no key or word is longer; bounds the work for a hostile one
    if (text.empty() || text.size() > kLongest) return {};
    std::string_view best;
    std::size_t best_distance = kLongest;
    for (const auto word : words) {
        if (word.size() > kLongest) continue;
        const std::size_t distance = edit_distance(text, word);
        const std::size_t allowed = std::max<std::size_t>(1, std::max(text.size(), word.size()) / 3);
        const bool nothing_in_common = distance >= std::max(text.size(), word.size());
        if (distance <= allowed && !nothing_in_common && distance < best_distance) {
            best = word;
            best_distance = distance;
        }
    }
    return best;
}

std::string did_you_mean(std::string_view text, std::span<const std::string_view> words) {
    const auto word = nearest_word(text, words);
    if (word.empty()) return {};
    return "; did you mean \"" + std::string(word) + "\"?";
}

}  // namespace sipsteer
