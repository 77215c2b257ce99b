#include "proxy/unknown_word.hpp"

#include <fmt/format.h>

// GCC 12 takes the growth of a vector inside CLI11 for a null pointer.
#pragma GCC diagnostic ignored "-Wnull-dereference"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>
#include <vector>

#include "proxy/config_error.hpp"
#include "proxy/suggestion.hpp"

namespace sipsteer {
namespace {

struct Entry {
    std::string name;   ///< as it may have been meant
    std::string shown;  ///< with its short form
    std::string help;
};
using Entries = std::vector<Entry>;

std::vector<const CLI::App*> subcommands_of(const CLI::App& app) {
    return app.get_subcommands([](const CLI::App*) { return true; });
}

Entries commands_of(const CLI::App& app) {
    Entries entries;
    for (const CLI::App* sub : subcommands_of(app)) {
        const std::string name = sub->get_name();
        if (!name.empty()) entries.push_back({name, name, sub->get_description()});
    }
    return entries;
}

/// Those that may stand at this place: also of its option groups, which are subcommands without a name, and
/// of the command that was given, where that leaves to `app` what it does not know itself.
Entries options_of(const CLI::App& app) {
    Entries entries;
    const auto add = [&entries](const CLI::App& from) {
        for (const CLI::Option* option : from.get_options()) {
            if (option->get_lnames().empty()) continue;  // the words behind a command
            Entry entry{"--" + option->get_lnames().front(), option->get_name(false, true),
                        option->get_description()};
            if (std::ranges::find(entries, entry.name, &Entry::name) == entries.end())
                entries.push_back(std::move(entry));
        }
    };
    add(app);
    for (const CLI::App* sub : subcommands_of(app)) {
        if (sub->get_name().empty() || (sub->parsed() && app.get_fallthrough())) add(*sub);
    }
    return entries;
}

std::string describe(const std::string& word, std::string_view noun, const Entries& entries) {
    std::vector<std::string_view> names;
    std::size_t width = 0;
    for (const Entry& entry : entries) {
        names.emplace_back(entry.name);
        width = std::max(width, entry.shown.size());
    }
    std::string text = fmt::format("unknown {} {}{}\nThere are:\n", noun, in_quotes(word),
                                   did_you_mean(word.substr(0, word.find('=')), names));
    for (const Entry& entry : entries) text += fmt::format("  {:<{}}  {}\n", entry.shown, width, entry.help);
    return text;
}

}  // namespace

std::string unknown_word(const CLI::App& app, std::string_view noun) {
    if (const auto rest = app.remaining(); !rest.empty()) {
        const std::string& word = rest.front();
        if (word.starts_with('-')) return describe(word, "option", options_of(app));
        const Entries commands = commands_of(app);
        return commands.empty() || !app.get_subcommands().empty() ? std::string{}
                                                                  : describe(word, noun, commands);
    }
    const auto parsed = app.get_subcommands();
    return parsed.empty() ? std::string{} : unknown_word(*parsed.front(), noun);
}

}  // namespace sipsteer
