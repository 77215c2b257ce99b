#include "proxy/kamailio_import.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <istream>
#include <set>
#include <string_view>
#include <utility>

#include "parser/chars.hpp"
#include "parser/sip_uri.hpp"
#include "proxy/config_error.hpp"
#include "proxy/config_schema.hpp"
#include "proxy/config_values.hpp"

namespace sipsteer {
namespace {

constexpr std::uint32_t kInactive = 1;  // flags of a destination
constexpr std::uint32_t kDisabled = 4;
constexpr std::uint32_t kMostNumber = 1'000'000;
constexpr std::string_view kLeftOut = "left out";
constexpr std::string_view kNoNumber = "is no number that can be used";

struct Attribute {
    std::string name;
    std::string value;
};

struct Destination {
    std::size_t line = 0;
    std::uint32_t set = 0;
    std::uint32_t flags = 0;
    std::string uri;
    std::string priority;
    std::vector<Attribute> attributes;
};

std::string_view take_word(std::string_view& rest) {
    rest = trim_lws(rest);
    std::size_t end = 0;
    while (end < rest.size() && !is_lws(rest[end])) ++end;
    const auto word = rest.substr(0, end);
    rest = trim_lws(rest.substr(end));
    return word;
}

std::vector<Attribute> split_attributes(std::string_view text) {
    std::vector<Attribute> result;
    while (!text.empty()) {
        const auto end = std::min(text.find(';'), text.size());
        const auto item = trim_lws(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (item.empty()) continue;
        const auto equal = std::min(item.find('='), item.size());
        result.push_back(
            {std::string(item.substr(0, equal)), std::string(item.substr(std::min(equal + 1, item.size())))});
    }
    return result;
}

/// TOML allows neither control bytes nor broken UTF-8 in comments, which hold what the list had.
std::string only_ascii(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return text;
}

std::string ascii(std::string_view text) { return only_ascii(in_quotes(text)); }

class Importer {
  public:
    Importer(const std::string& file, std::optional<std::uint32_t> only_set)
        : file_(file), only_set_(only_set) {}

    KamailioImport import(std::istream& list) {
        read(list);
        std::string body;
        for (const auto& destination : destinations_) body += server(destination);
        result_.toml = head() + body + routes();
        return std::move(result_);
    }

  private:
    void warn(std::size_t line, std::string what) {
        result_.remarks.push_back({.line = line, .what = std::move(what), .instead = {}});
    }

    void mistake(std::size_t line, std::string what, std::string_view instead) {
        result_.remarks.push_back(
            {.line = line, .what = std::move(what), .instead = instead, .mistake = true});
    }

    void read(std::istream& list) {
        std::string text;
        for (std::size_t line = 1; std::getline(list, text); ++line) {
            std::string_view rest = trim_lws(text);
            if (rest.empty() || rest.front() == '#') continue;
            Destination destination;
            destination.line = line;
            const auto set = take_word(rest);
            destination.uri = std::string(take_word(rest));
            const auto flags = take_word(rest);
            destination.priority = std::string(take_word(rest));
            destination.attributes = split_attributes(rest);
            if (!parse_number(set, 0x7fffffff, destination.set) || destination.uri.empty()) {
                mistake(line, "is not \"setid uri [flags [priority [attributes]]]\"", kLeftOut);
                continue;
            }
            if (only_set_ && destination.set != *only_set_) continue;
            if (!flags.empty() && !parse_number(flags, 0xffff, destination.flags)) {
                mistake(line, fmt::format("flags {} are no number", ascii(flags)), "taken as 0");
            }
            sets_.insert(destination.set);
            destinations_.push_back(std::move(destination));
        }
    }

    std::string group(std::uint32_t set) const {
        return sets_.size() < 2 ? "default" : fmt::format("set-{}", set);
    }

    /// The comment that stands in place of a destination that cannot be used.
    std::string left_out(const Destination& destination, std::string_view why) {
        const auto reason = only_ascii(std::string(why));
        mistake(destination.line, reason, kLeftOut);
        return fmt::format("\n# left out: set {}, {}: {}\n", destination.set, ascii(destination.uri), reason);
    }

    std::string unique_name(const Destination& destination) {
        for (const auto& attribute : destination.attributes) {
            if (attribute.name != "duid") continue;
            const bool fits =
                !attribute.value.empty() && attribute.value.size() <= 64 && all_of(attribute.value, kHost);
            if (fits && names_.insert(attribute.value).second) return attribute.value;
            warn(destination.line,
                 fmt::format("duid {} cannot be a name or stands twice", ascii(attribute.value)));
        }
        for (std::size_t number = result_.servers + 1;; ++number) {
            auto name = fmt::format("server-{}", number);
            if (names_.insert(name).second) return name;
        }
    }

    /// The URI without parameters that a script may read but that say nothing of where to send.
    std::string reduced_uri(const Destination& destination) {
        const auto uri = SipUri::parse(destination.uri);
        if (!uri || !uri->is_sip()) return destination.uri;
        std::string result(destination.uri, 0, destination.uri.size() - uri->parameters.size());
        std::string_view rest = uri->parameters;
        while (!rest.empty()) {
            const auto parameter = rest.substr(0, rest.find(';', 1));
            rest.remove_prefix(parameter.size());
            const auto name = parameter.substr(1, parameter.find('=') - 1);
            if (iequals(name, "transport") || iequals(name, "maddr") || iequals(name, "lr")) {
                result += parameter;
            } else {
                warn(destination.line, fmt::format("URI parameter {} is left out", ascii(parameter)));
            }
        }
        return result;
    }

    std::string server(const Destination& destination) {
        const auto target = parse_sip_target(reduced_uri(destination));
        if (!target) return left_out(destination, target.error());
        if (target->has_user) return left_out(destination, "a server has no user part");
        if (target->transport != Config::Transport::udp) {
            return left_out(destination, fmt::format("{0} needs a {0} listener: write both yourself",
                                                     to_string(target->transport)));
        }
        const auto ip = parse_ip(target->host.host);
        if (ip && ip->is_unspecified()) return left_out(destination, "not an address that can be sent to");
        const auto port = target->host.port == 0 ? default_port(target->transport) : target->host.port;
        const auto host = ip ? to_string(*ip) : lower(target->host.host);
        if (!addresses_.insert(fmt::format("{} {} {}", host, port, to_string(target->transport))).second) {
            return left_out(destination, "the same address stands twice");
        }
        const auto name = unique_name(destination);
        ++result_.servers;
        used_sets_.insert(destination.set);
        auto text = fmt::format("\n[[server]]\nname = \"{}\"\nuri = \"{}\"\n", name, plain_uri(*target));
        if (sets_.size() > 1) text += fmt::format("group = \"{}\"\n", group(destination.set));
        if ((destination.flags & (kInactive | kDisabled)) != 0) text += "state = \"maint\"\n";
        if (!destination.priority.empty() && destination.priority != "0") {
            text += fmt::format("# priority {}: no counterpart; see backup = true\n",
                                ascii(destination.priority));
        }
        return text + attributes(destination);
    }

    static std::string lower(std::string_view text) {
        std::string result;
        for (const char c : text) result += to_lower(c);
        return result;
    }

    static std::string plain_uri(const SipTarget& target) {
        const bool v6 = target.host.host.find(':') != std::string::npos;
        auto uri = v6 ? fmt::format("sip:[{}]", target.host.host) : fmt::format("sip:{}", target.host.host);
        if (target.host.port != 0) uri += fmt::format(":{}", target.host.port);
        return uri;
    }

    std::string number(const Destination& destination, const Attribute& attribute, std::string_view key,
                       std::uint32_t most) {
        std::uint32_t value = 0;
        if (parse_number(attribute.value, most, value)) return fmt::format("{} = {}\n", key, value);
        mistake(destination.line, attribute_text(attribute, kNoNumber), {});
        return attribute_comment(attribute, kNoNumber);
    }

    std::string unused(const Destination& destination, const Attribute& attribute, std::string_view why) {
        warn(destination.line, attribute_text(attribute, why));
        return attribute_comment(attribute, why);
    }

    static std::string attribute_text(const Attribute& attribute, std::string_view why) {
        return fmt::format("attribute {} = {} {}", ascii(attribute.name), ascii(attribute.value), why);
    }

    static std::string attribute_comment(const Attribute& attribute, std::string_view why) {
        return fmt::format("# attribute {} = {}: {}\n", ascii(attribute.name), ascii(attribute.value), why);
    }

    std::string attributes(const Destination& destination) {
        std::string text;
        std::set<std::string_view> seen;
        const auto& list = destination.attributes;
        const bool has_weight =
            std::any_of(list.begin(), list.end(), [](const Attribute& a) { return a.name == "weight"; });
        for (const auto& attribute : list) {
            if (attribute.name == "duid") continue;
            if (!seen.insert(attribute.name).second) {
                text += unused(destination, attribute, "stands twice");
            } else if (attribute.name == "weight" || (attribute.name == "rweight" && !has_weight)) {
                text += number(destination, attribute, "weight", kMostNumber);
            } else if (attribute.name == "maxload") {
                text += number(destination, attribute, "max_calls", 0xffffffff);
            } else if (attribute.name == "socket") {
                text += socket(destination, attribute);
            } else if (attribute.name == "rweight" || attribute.name == "ping_from") {
                text += fmt::format("# {} {}: not needed\n", attribute.name, ascii(attribute.value));
            } else {
                text += unused(destination, attribute, "is unknown");
            }
        }
        return text;
    }

    std::string socket(const Destination& destination, const Attribute& attribute) {
        const auto bind = parse_bind_address(attribute.value);
        if (!bind) return unused(destination, attribute, "is no address");
        if (bind->transport != Config::Transport::udp) return unused(destination, attribute, "is not udp");
        const auto text = to_string(*bind).substr(4);
        if (std::find(sockets_.begin(), sockets_.end(), text) == sockets_.end()) sockets_.push_back(text);
        return fmt::format("# socket {}: in [listen]\n", ascii(attribute.value));
    }

    std::string head() const {
        auto text = fmt::format("# From {}\n\n[listen]\n", ascii(file_));
        if (sockets_.empty()) {
            int port = 5060;
            while (addresses_.contains(fmt::format("127.0.0.1 {} udp", port))) ++port;
            return text +
                   fmt::format("udp = [\"127.0.0.1:{}\"]  # write the address of listen= in kamailio.cfg\n",
                               port);
        }
        return text + fmt::format("udp = [\"{}\"]\n", fmt::join(sockets_, "\", \""));
    }

    /// With several sets kamailio.cfg chooses; the lowest one takes all until that is written here.
    std::string routes() const {
        if (sets_.size() < 2 || used_sets_.empty()) return {};
        return fmt::format(
            "\n# kamailio.cfg chooses the set; write one [[route]] for each of its cases.\n[[route]]\n"
            "group = \"{}\"\n",
            group(*used_sets_.begin()));
    }

    const std::string& file_;
    std::optional<std::uint32_t> only_set_;
    KamailioImport result_;
    std::vector<Destination> destinations_;
    std::set<std::uint32_t> sets_;
    std::set<std::string> names_;
    std::set<std::string> addresses_;
    std::vector<std::string> sockets_;
    std::set<std::uint32_t> used_sets_;  ///< that have a server
};

}  // namespace

KamailioImport import_dispatcher_list(std::istream& list, const std::string& file,
                                      std::optional<std::uint32_t> only_set) {
    return Importer(file, only_set).import(list);
}

}  // namespace sipsteer
