#include "proxy/config_values.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "parser/chars.hpp"
#include "parser/sip_uri.hpp"
#include "proxy/config_error.hpp"
#include "proxy/config_schema.hpp"
#include "proxy/suggestion.hpp"

namespace sipsteer {
namespace {

using Error = tl::unexpected<std::string>;

Parsed<std::uint16_t> parse_port(std::string_view text, std::string_view whole) {
    std::uint32_t port = 0;
    if (!parse_number(text, 65535, port) || port == 0) {
        return Error(
            fmt::format("{}: the port {} is not between 1 and 65535", in_quotes(whole), in_quotes(text)));
    }
    return static_cast<std::uint16_t>(port);
}

bool ends_in_number(std::string_view host) {
    const auto last = host.substr(host.rfind('.') + 1);
    return !last.empty() && all_of(last, kDigit);
}

/// A host name, or an IP without brackets; the message is about `host` itself.
Parsed<std::string> check_host(std::string_view host) {
    if (parse_ip(host)) return std::string(host);
    if (host.empty()) return Error("the host is missing");
    if (ends_in_number(host)) return Error(fmt::format("{} is not an IP address", in_quotes(host)));
    const bool bad_dots = host.front() == '.' || host.find("..") != std::string_view::npos;
    if (!all_of(host, kHost) || bad_dots || host.size() > 253) {
        return Error(fmt::format("{} is neither an IP address nor a host name", in_quotes(host)));
    }
    return std::string(host);
}

struct Split {
    std::string_view host;
    std::string_view port;
    bool has_port = false;
};

/// Splits at the colon before the port; no colon inside brackets counts.
Parsed<Split> split_port(std::string_view text) {
    if (!text.empty() && text.front() == '[') {
        const auto close = text.find(']');
        if (close == std::string_view::npos)
            return Error(fmt::format("{}: the ] is missing", in_quotes(text)));
        const auto rest = text.substr(close + 1);
        if (rest.empty()) return Split{text.substr(1, close - 1), {}, false};
        if (rest.front() != ':')
            return Error(fmt::format("{}: only :PORT may follow the ]", in_quotes(text)));
        return Split{text.substr(1, close - 1), rest.substr(1), true};
    }
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return Split{text, {}, false};
    if (text.find(':', colon + 1) != std::string_view::npos) {
        if (parse_ip(text)) return Split{text, {}, false};
        return Error(fmt::format("{}: more than one colon; write IPv6 as [ADDRESS]:PORT", in_quotes(text)));
    }
    return Split{text.substr(0, colon), text.substr(colon + 1), true};
}

std::optional<Config::Transport> find_transport(std::string_view word) {
    const auto words = transport_words();
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (iequals(word, words[i])) return static_cast<Config::Transport>(i);
    }
    return std::nullopt;
}

bool all_letters(std::string_view text) {
    for (const char c : text) {
        if (to_lower(c) < 'a' || to_lower(c) > 'z') return false;
    }
    return !text.empty();
}

void clear_host_bits(IpAddress& address, unsigned prefix) {
    for (std::size_t i = 0; i < address.size(); ++i) {
        const unsigned first_bit = static_cast<unsigned>(i) * 8;
        if (prefix >= first_bit + 8) continue;
        const unsigned kept = prefix > first_bit ? prefix - first_bit : 0;
        address.bytes[i] = static_cast<std::uint8_t>(address.bytes[i] & (0xff00U >> kept));
    }
}

}  // namespace

Parsed<std::chrono::milliseconds> parse_duration(std::string_view text) {
    struct Unit {
        std::string_view name;
        std::int64_t ms;
    };
    constexpr std::array<Unit, 4> kUnits{{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};
    std::int64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    const auto unit = text.substr(static_cast<std::size_t>(end - text.data()));
    if (failure == std::errc::result_out_of_range)
        return Error(fmt::format("{} is longer than a year", in_quotes(text)));
    const bool is_number = failure == std::errc{} && number >= 0 && text.front() != '-';
    if (is_number && unit.empty() && number == 0) return std::chrono::milliseconds{0};
    if (is_number) {
        for (const auto& [name, ms] : kUnits) {
            if (unit != name) continue;
            if (number > kMaxDuration.count() / ms)
                return Error(fmt::format("{} is longer than a year", in_quotes(text)));
            return std::chrono::milliseconds{number * ms};
        }
    }
    return Error(
        fmt::format("{} is no duration: write an integer with ms, s, m or h, as \"30s\"", in_quotes(text)));
}

Parsed<Config::HostPort> parse_host_port(std::string_view text) {
    const auto split = split_port(text);
    if (!split) return Error(split.error());
    const auto host = check_host(split->host);
    if (!host) return Error(host.error());
    Config::HostPort result{*host, 0};
    if (split->has_port) {
        const auto port = parse_port(split->port, text);
        if (!port) return Error(port.error());
        result.port = *port;
    }
    return result;
}

Parsed<BindAddress> parse_bind_address(std::string_view text, std::optional<Config::Transport> expected) {
    BindAddress result;
    result.transport = expected.value_or(Config::Transport::udp);
    std::string_view rest = text;
    const auto prefix = text.substr(0, text.find(':'));
    if (prefix.size() < text.size() && text.find(':', prefix.size() + 1) != std::string_view::npos &&
        all_letters(prefix) && !parse_ip(text)) {
        const auto transport = find_transport(prefix);
        if (!transport) {
            return Error(fmt::format("{}: unknown transport {}{}", in_quotes(text), in_quotes(prefix),
                                     did_you_mean(prefix, transport_words())));
        }
        if (expected && *transport != *expected) {
            return Error(fmt::format("{}: a {} address in the list of {}", in_quotes(text),
                                     to_string(*transport), to_string(*expected)));
        }
        result.transport = *transport;
        rest.remove_prefix(prefix.size() + 1);
    }
    const auto split = split_port(rest);
    if (!split) return Error(split.error());
    const auto address = parse_ip(split->host);
    if (!address) {
        const auto* hint = iequals(split->host, "localhost") ? "; write 127.0.0.1"
                           : split->host.empty() || split->host == "*"
                               ? "; write 0.0.0.0 or [::] for every address"
                               : "";
        return Error(
            fmt::format("{}: {} is not an IP address{}", in_quotes(text), in_quotes(split->host), hint));
    }
    result.address = *address;
    if (!split->has_port) return Error(fmt::format("{}: the port is missing", in_quotes(text)));
    const auto port = parse_port(split->port, text);
    if (!port) return Error(port.error());
    result.port = *port;
    return result;
}

Parsed<AddressRange> parse_network(std::string_view text) {
    const auto bad = [text](std::string_view why) {
        return Error(fmt::format("{}: {}", in_quotes(text), why));
    };
    std::string_view address = text;
    std::string_view port;
    std::string_view prefix;
    bool has_prefix = false;
    bool has_port = false;
    if (!text.empty() && text.front() == '[') {
        const auto close = text.find(']');
        if (close == std::string_view::npos) return bad("the ] is missing");
        address = text.substr(1, close - 1);
        port = text.substr(close + 1);
        if (!port.empty() && port.front() == '/') {
            has_prefix = true;
            prefix =
                port.substr(1, port.find(':') == std::string_view::npos ? port.npos : port.find(':') - 1);
            port.remove_prefix(1 + prefix.size());
        }
        if (!port.empty() && port.front() != ':') return bad("only /PREFIX or :PORT may follow the ]");
        has_port = !port.empty();
        if (has_port) port.remove_prefix(1);
    } else if (text.find(':') == text.rfind(':') && text.find(':') != std::string_view::npos) {
        address = text.substr(0, text.find(':'));
        port = text.substr(text.find(':') + 1);
        has_port = true;
    }
    if (const auto slash = address.find('/'); slash != std::string_view::npos) {
        if (has_prefix) return bad("two prefixes");
        has_prefix = true;
        prefix = address.substr(slash + 1);
        address = address.substr(0, slash);
    }
    const auto ip = parse_ip(address);
    if (!ip) return bad("not an IP address or CIDR block");
    AddressRange network{*ip, static_cast<std::uint8_t>(ip->size() * 8), 0};
    if (has_prefix) {
        std::uint32_t bits = 0;
        if (!parse_number(prefix, network.prefix_bits, bits)) {
            return bad(fmt::format("the prefix is not between 0 and {}", network.prefix_bits));
        }
        network.prefix_bits = static_cast<std::uint8_t>(bits);
        clear_host_bits(network.network, bits);
    }
    if (has_port) {
        const auto number = parse_port(port, text);
        if (!number) return Error(number.error());
        network.port = *number;
    }
    return network;
}

std::string to_string(const AddressRange& range) {
    const auto network = fmt::format("{}/{}", to_string(range.network), range.prefix_bits);
    if (range.port == 0) return network;
    return range.network.v6 ? fmt::format("[{}]:{}", network, range.port)
                            : fmt::format("{}:{}", network, range.port);
}

Parsed<SipTarget> parse_sip_target(std::string_view text) {
    const auto bad = [text](std::string_view why) {
        return Error(fmt::format("{}: {}", in_quotes(text), why));
    };
    const auto uri = SipUri::parse(text);
    if (!uri) {
        // The parser gives one code for everything; the host and port are what people get wrong.
        const auto colon = text.find(':');
        const auto scheme = text.substr(0, colon);
        if (iequals(scheme, "sip") || iequals(scheme, "sips")) {
            auto host = text.substr(colon + 1);
            host = host.substr(host.find('@') + 1);
            const auto host_port = parse_host_port(host.substr(0, host.find_first_of(";?")));
            if (!host_port) return bad(host_port.error());
            return bad("not a SIP URI");
        }
        return bad("not a SIP URI; write \"sip:HOST[:PORT]\"");
    }
    if (!uri->is_sip()) return bad("the scheme is not sip or sips; write \"sip:HOST[:PORT]\"");
    if (!uri->headers.empty()) return bad("a URI with headers (?...) cannot be used here");
    if (!uri->maddr.empty()) return bad("maddr is not supported; write that host in its place");
    const auto host = parse_host_port(uri->host_port);
    if (!host) return bad(host.error());

    SipTarget target;
    target.host = *host;
    target.has_user = !uri->user.empty();
    const bool secure = uri->scheme == UriScheme::sips;
    if (secure) target.transport = Config::Transport::tls;
    std::string_view rest = uri->parameters;
    while (!rest.empty()) {
        rest.remove_prefix(1);
        const auto parameter = rest.substr(0, rest.find(';'));
        rest.remove_prefix(parameter.size());
        const auto name = parameter.substr(0, parameter.find('='));
        if (iequals(name, "lr")) continue;
        if (!iequals(name, "transport"))
            return bad(fmt::format("the parameter {} is not supported", in_quotes(name)));
        const auto transport = find_transport(uri->transport);
        if (!transport || *transport > Config::Transport::tls)
            return bad("the transport is not udp, tcp or tls");
        if (secure && *transport == Config::Transport::udp) return bad("sips cannot use udp");
        if (!secure) target.transport = *transport;
    }
    return target;
}

std::string to_string(const IpAddress& address) {
    std::array<char, IpAddress::kMaxText> text{};
    return {text.data(), format_ip(address, text)};
}

std::string to_string(const BindAddress& bind) {
    const auto address = to_string(bind.address);
    return fmt::format("{}:{}:{}", to_string(bind.transport), bind.address.v6 ? "[" + address + "]" : address,
                       bind.port);
}

}  // namespace sipsteer
