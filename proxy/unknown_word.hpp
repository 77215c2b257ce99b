#pragma once

#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace sipsteer {

/// For a command line that `app` has refused: names the first word that is neither a command (or whatever
/// `noun` calls the subcommands) nor an option, suggests the one that is meant, and lists those that there
/// are. Empty: there is no such word, and CLI11's own message says what is wrong.
[[nodiscard]] std::string unknown_word(const CLI::App& app, std::string_view noun);

}  // namespace sipsteer
