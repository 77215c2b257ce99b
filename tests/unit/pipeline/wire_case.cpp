#include "wire_case.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "parser/chars.hpp"

namespace sipsteer::test {
namespace {

constexpr std::array<std::string_view, 14> kKinds{"toml",  "part",     "from",     "to",      "nothing",
                                                  "again", "wait",     "counters", "servers", "restart",
                                                  "probe", "released", "lookup",   "dns"};

std::string slug(std::string_view heading) {
    std::string name;
    for (const char c : heading) {
        if (is(c, kDigit) || (to_lower(c) >= 'a' && to_lower(c) <= 'z')) {
            name += to_lower(c);
        } else if (!name.empty() && name.back() != '_') {
            name += '_';
        }
    }
    while (!name.empty() && name.back() == '_') name.pop_back();
    return name;
}

[[noreturn]] void fail(const std::string& file, int line, const std::string& what) {
    throw std::runtime_error(file + ":" + std::to_string(line) + ": " + what);
}

WireBlock open_block(const std::string& file, int line, const std::string& info) {
    WireBlock block;
    block.line = line;
    std::istringstream words{info};
    for (std::string word; words >> word;) block.words.push_back(word);
    if (block.words.empty() || std::ranges::find(kKinds, block.kind()) == kKinds.end()) {
        fail(file, line, "a fenced block of a case starts with one of its words, not \"" + info + "\"");
    }
    return block;
}

}  // namespace

std::string_view WireBlock::value_of(std::string_view name) const {
    const auto found = std::ranges::find(words.begin() + 1, words.end(), name);
    return found == words.end() || found + 1 == words.end() ? std::string_view{}
                                                            : std::string_view{*(found + 1)};
}

bool WireBlock::has(std::string_view word) const {
    return std::find(words.begin() + 1, words.end(), word) != words.end();
}

std::string WireBlock::text() const {
    std::string all;
    for (const WireLine& one : lines) all += one.text + "\n";
    return all;
}

std::vector<WireCase> read_wire_file(const std::filesystem::path& path) {
    const std::string file = path.string();
    std::ifstream in{path};
    if (!in) fail(file, 0, "cannot be read");
    std::vector<WireBlock> shared;
    std::vector<WireCase> cases;
    WireBlock* open = nullptr;
    std::string text;
    int line = 0;
    while (std::getline(in, text)) {
        ++line;
        if (open != nullptr) {
            if (text == "```") {
                open = nullptr;
            } else {
                open->lines.push_back({text, line});
            }
        } else if (text.starts_with("```")) {
            auto& blocks = cases.empty() ? shared : cases.back().blocks;
            blocks.push_back(open_block(file, line, text.substr(3)));
            open = &blocks.back();
            if (cases.empty() && open->kind() != "toml" && open->kind() != "part") {
                fail(file, line, "only toml and part blocks stand above the first heading");
            }
        } else if (text.starts_with("## ")) {
            cases.push_back({file, path.stem().string(), slug(text.substr(3)), line, shared});
        }
    }
    if (open != nullptr) fail(file, open->line, "the block does not end");
    for (const WireCase& one : cases) {
        const auto same = [&one](const WireCase& other) { return other.name == one.name; };
        if (std::ranges::count_if(cases, same) != 1)
            fail(file, one.line, "another case has the same heading");
    }
    return cases;
}

}  // namespace sipsteer::test
