#include "tests/oracle/message_maker.hpp"

#include <algorithm>
#include <vector>

#include "tests/oracle/canonical.hpp"

namespace sipsteer::oracle {
namespace {

constexpr std::string_view kWord = "abcXYZ019-.!%*_+`'~()<>:\\\"/[]?{}";

/// The pieces in the given order, joined into one header or several, by chance.
std::string join_list(const std::vector<std::string>& values, auto&& joined, auto&& line) {
    std::string out;
    std::string current;
    for (const std::string& value : values) {
        if (!current.empty() && joined()) {
            current += "," + value;
        } else {
            if (!current.empty()) out += line(current);
            current = value;
        }
    }
    return current.empty() ? out : out + line(current);
}

}  // namespace

std::string MessageMaker::some(std::string_view alphabet, std::size_t least, std::size_t most) {
    std::string text(least + below(most - least + 1), ' ');
    for (char& c : text) c = alphabet[below(alphabet.size())];
    return text;
}

std::string MessageMaker::some_blanks() {
    static constexpr const char* kBlanks[] = {" ",    " ",     " ",       "\t",    "  ",
                                              " \t ", "\r\n ", " \r\n\t", "\r\n  "};
    return kBlanks[below(std::size(kBlanks))];
}

std::string MessageMaker::blanks() { return one_in(3) ? some_blanks() : ""; }

std::string MessageMaker::around(char c) { return one_in(4) ? blanks() + c + blanks() : std::string(1, c); }

std::string MessageMaker::any_case(std::string word) {
    if (!one_in(3)) return word;
    for (char& c : word) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (letter && one_in(2)) c = static_cast<char>(c ^ 0x20);
    }
    return word;
}

std::string MessageMaker::header(std::string_view name, std::string_view compact, const std::string& value) {
    std::string line = any_case(std::string(compact.empty() || !one_in(3) ? name : compact));
    if (one_in(5)) line += one_in(2) ? " " : " \t";
    line += ":";
    line += one_in(4) ? blanks() : " ";
    return line + value + (one_in(6) ? " " : "") + "\r\n";
}

std::string MessageMaker::quoted() {
    std::string text = "\"";
    for (std::size_t i = below(12); i > 0; --i) {
        switch (below(8)) {
            case 0: text += "\\\""; break;
            case 1: text += "\\\\"; break;
            case 2: text += ";tag=no"; break;
            case 3: text += "<sip:no@no>"; break;
            case 4: text += ", "; break;
            case 5: text += "\xd0\xb8"; break;
            default: text += token();
        }
    }
    return text + "\"";
}

std::string MessageMaker::host() {
    switch (below(4)) {
        case 0:
            return std::to_string(below(256)) + "." + std::to_string(below(256)) + ".0." +
                   std::to_string(below(256));
        case 1: return "[2001:db8::" + some("123456789abcdefABCDEF", 1, 4) + "]";
        default: return some("abcdefgh", 1, 8) + some("0123456789-", 0, 3) + "x.Example.com";
    }
}

std::string MessageMaker::host_port(std::string& name, std::string& port) {
    name = host();
    port = "-";
    if (one_in(2)) return name;
    port = std::to_string(1 + below(65535));
    return name + ":" + port;
}

std::string MessageMaker::escaped(const std::string& text) {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string out;
    for (const char c : text) {
        const bool must = c == '@' || c == ':' || c == '%' || c == '"' || c == ' ';
        if (must || one_in(12)) {
            const auto byte = static_cast<unsigned char>(c);
            out += '%';
            out += kHex[byte >> 4];
            out += kHex[byte & 15];
        } else {
            out += c;
        }
    }
    return out;
}

std::string MessageMaker::parameter() {
    std::string text = "x" + some("abcdefgh-", 1, 8);
    if (one_in(3)) return text;
    text += around('=');
    switch (below(3)) {
        case 0: return text + quoted();
        case 1: return text + host();
        default: return text + token();
    }
}

std::string MessageMaker::sip_uri(std::string& user, std::string& name, std::string& port, bool parameters) {
    std::string text = any_case(one_in(4) ? "sips" : "sip") + ":";
    user = "-";
    if (!one_in(4)) {
        user = some("abcdeXYZ0123456789-_.!~*'()&=+$,/@: %", 1, 10);
        if (parameters && one_in(6)) user += ";isub=1?";
        text += escaped(user);
        if (one_in(8)) text += ":" + some("abc123&=+$,", 1, 5);
        text += "@";
    }
    text += host_port(name, port);
    if (!parameters) return text;
    while (one_in(2)) {
        static constexpr const char* kParameters[] = {
            ";transport=tcp", ";lr", ";LR=on", ";user=phone", ";maddr=192.0.2.1", ";ttl=5", ";x-%3B=%20"};
        text += kParameters[below(std::size(kParameters))];
    }
    if (one_in(8)) text += "?subject=a%20b&x=";
    return text;
}

std::string MessageMaker::address(const std::string& tag) {
    std::string user;
    std::string name;
    std::string port;
    std::string text;
    const bool bare = one_in(4);
    if (bare) {
        do {
            text = one_in(5) ? "tel:+1555" + some("0123456789-", 3, 7) : sip_uri(user, name, port, false);
        } while (text.find_first_of(",;?") != std::string::npos);
    } else {
        switch (below(4)) {
            case 0: text = quoted() + blanks(); break;
            case 1: text = token() + " " + token() + some_blanks(); break;
            case 2: text = some("abcdefgh-", 1, 9); break;
            default: break;
        }
        text += "<" + sip_uri(user, name, port, true) + ">";
    }
    std::vector<std::string> parameters;
    if (!tag.empty()) parameters.push_back(any_case("tag") + around('=') + tag);
    while (one_in(3)) parameters.push_back(parameter());
    std::ranges::shuffle(parameters, random_);
    for (const std::string& one : parameters) text += around(';') + one;
    return text;
}

std::string MessageMaker::via(Fields* truth) {
    static constexpr const char* kTransports[] = {"UDP", "TCP", "TLS", "WSS", "SCTP", "X-new"};
    const std::string transport = any_case(kTransports[below(std::size(kTransports))]);
    std::string name;
    std::string port;
    std::string text = any_case("SIP") + around('/') + "2.0" + around('/') + transport + some_blanks();
    name = host();
    port = one_in(2) ? "-" : std::to_string(1 + below(65535));
    text += name;
    if (port != "-") text += around(':') + port;
    std::vector<std::string> parameters;
    std::string branch;
    if (!one_in(8)) {
        branch = (one_in(8) ? "" : "z9hG4bK") + token();
        parameters.push_back(any_case("branch") + around('=') + branch);
    }
    std::string received;
    if (one_in(4)) {
        received = one_in(2)   ? "192.0.2." + std::to_string(below(256))
                   : one_in(2) ? "[2001:db8::9]"
                               : "2001:db8::9";
        parameters.push_back(any_case("received") + around('=') + received);
    }
    std::string rport = "-";
    if (one_in(3)) {
        rport = one_in(2) ? "=" : "=" + std::to_string(1 + below(65535));
        parameters.push_back(any_case("rport") + (rport == "=" ? "" : around('=') + rport.substr(1)));
    }
    if (one_in(8)) parameters.push_back("ttl=16");
    if (one_in(8)) parameters.push_back("maddr=224.2.0.1");
    while (one_in(4)) parameters.push_back(parameter());
    std::ranges::shuffle(parameters, random_);
    for (const std::string& one : parameters) text += around(';') + one;
    if (truth != nullptr) {
        truth->via_transport = upper(transport);
        truth->via_host = name;
        truth->via_port = port;
        truth->via_branch = or_dash(branch);
        truth->via_received = or_dash(received);
        truth->via_rport = rport;
    }
    return text;
}

std::string MessageMaker::vias(Fields& truth) {
    std::vector<std::string> values{via(&truth)};
    while (one_in(2)) values.push_back(via(nullptr));
    truth.via_count = std::to_string(values.size());
    for (std::size_t i = 1; i < values.size(); ++i) values[i] = blanks() + values[i];
    for (std::string& value : values) value += blanks();
    return join_list(
        values, [this] { return one_in(2); }, [this](const std::string& v) { return header("Via", "v", v); });
}

std::string MessageMaker::routes(Fields& truth) {
    std::vector<std::string> values;
    while (one_in(2)) {
        std::string user;
        std::string name;
        std::string port;
        std::string value = one_in(4) ? quoted() + " " : "";
        value += "<" + sip_uri(user, name, port, true) + ">";
        if (one_in(6)) value += around(';') + parameter();
        if (values.empty()) truth.route_first = user + "@" + name + ":" + (port == "-" ? "0" : port);
        values.push_back((values.empty() ? "" : blanks()) + value);
    }
    truth.route_count = std::to_string(values.size());
    return join_list(
        values, [this] { return one_in(2); },
        [this](const std::string& v) { return header("Route", "", v); });
}

std::string MessageMaker::call_id() {
    const std::string word = some(kWord, 1, 20);
    return one_in(2) ? word : word + "@" + some(kWord, 1, 12);
}

std::string MessageMaker::replaces(Fields& truth) {
    const std::string id = call_id();
    const std::string to = token();
    const std::string from = one_in(6) ? "0" : token();
    std::vector<std::string> parameters{any_case("to-tag") + around('=') + to,
                                        any_case("from-tag") + around('=') + from};
    const bool early = one_in(4);
    if (early) parameters.push_back(any_case("early-only"));
    while (one_in(4)) parameters.push_back(parameter());
    std::ranges::shuffle(parameters, random_);
    std::string value = id;
    for (const std::string& one : parameters) value += around(';') + one;
    truth.replaces = id + ";" + to + ";" + from + (early ? ";early-only" : "");
    return header("Replaces", "", value);
}

MessageMaker::Made MessageMaker::make() {
    static constexpr const char* kMethods[] = {"INVITE", "INVITE",  "INVITE",   "ACK",   "BYE",
                                               "CANCEL", "OPTIONS", "REGISTER", "REFER", "X-new.1"};
    Made made;
    Fields& truth = made.truth;
    const std::string method = kMethods[below(std::size(kMethods))];
    const bool request = !one_in(4);
    std::string start;
    if (request) {
        start = method + " " + sip_uri(truth.uri_user, truth.uri_host, truth.uri_port, true) + " " +
                any_case("SIP/2.0");
        truth.start = method;
    } else {
        truth.start = std::to_string(100 + below(600));
        start =
            any_case("SIP/2.0") + " " + truth.start + " " + (one_in(4) ? "" : "Some Reason, \xd0\xb8; \"x");
    }
    const std::string from_tag = one_in(8) ? "" : token();
    const std::string to_tag = one_in(2) ? "" : token();
    truth.from_tag = or_dash(from_tag);
    truth.to_tag = or_dash(to_tag);
    truth.call_id = call_id();
    const std::string cseq = std::to_string(below(0x80000000));
    truth.cseq = cseq + " " + method;

    std::vector<std::string> headers;
    headers.push_back(vias(truth));
    headers.push_back(routes(truth));
    headers.push_back(header("From", "f", address(from_tag)));
    headers.push_back(header("To", "t", address(to_tag)));
    headers.push_back(header("Call-ID", "i", truth.call_id));
    headers.push_back(header("CSeq", "", (one_in(6) ? "000" : "") + cseq + some_blanks() + method));
    if (!one_in(6)) headers.push_back(header("Max-Forwards", "", std::to_string(below(256))));
    if (one_in(3)) headers.push_back(header("Contact", "m", address("")));
    if (request && method == "INVITE" && one_in(2)) headers.push_back(replaces(truth));
    while (one_in(2))
        headers.push_back(header("X-" + some("abcdef", 1, 9), "", some(";,<>\"= abc\\:", 0, 20)));
    if (one_in(4))
        headers.push_back(header("Subject", "s", "x\r\n Replaces: no;to-tag=1;from-tag=2\r\n\tTo: no"));
    const std::string body = one_in(2) ? "" : some("v=0\r\n INVITE:;", 1, 60);
    truth.body = body;
    const bool counted = !one_in(3);
    if (counted)
        headers.push_back(
            header("Content-Length", "l", (one_in(6) ? "00" : "") + std::to_string(body.size())));
    std::ranges::shuffle(headers, random_);

    made.bytes = (one_in(8) ? "\r\n\r\n" : "") + start + "\r\n";
    for (const std::string& one : headers) made.bytes += one;
    made.bytes += "\r\n" + body;
    if (counted && one_in(6)) made.bytes += "BYE sip:evil@example.com SIP/2.0\r\n\r\n";
    return made;
}

std::string MessageMaker::spoil(std::string bytes) {
    static constexpr std::string_view kSpoilers = "\t ;,\"<>\\@:/=%[]{}?&-+09aZtT.;,\"<> \x01\x7f\xff";
    static constexpr char kBreakers[] = {'\0', '\r', '\n'};
    for (std::size_t i = one_in(3) ? 2 : 1; i > 0 && bytes.size() > 2; --i) {
        const std::size_t at = below(bytes.size());
        const char spoiler = one_in(20) ? kBreakers[below(3)] : kSpoilers[below(kSpoilers.size())];
        switch (below(16)) {
            case 0: bytes.erase(at, 1 + below(4)); break;
            case 1:
            case 2:
            case 3: bytes.erase(at, 1); break;
            case 4: bytes.insert(at, bytes.substr(below(bytes.size()), below(30))); break;
            case 6: bytes[at] = static_cast<char>(bytes[at] ^ static_cast<char>(1 << below(7))); break;
            case 7:
                if (one_in(4)) bytes.resize(at);
                break;
            case 8:
            case 9:
            case 10: bytes.insert(at, 1, spoiler); break;
            case 5: {  // a whole line, once more somewhere else
                const std::size_t begin = bytes.rfind('\n', at);
                const std::size_t end = bytes.find('\n', at);
                if (begin == std::string::npos || end == std::string::npos) break;
                const std::string line = bytes.substr(begin + 1, end - begin);
                const std::size_t target = bytes.find('\n', below(bytes.size()));
                if (target != std::string::npos) bytes.insert(target + 1, line);
                break;
            }
            default: bytes[at] = spoiler; break;
        }
    }
    return bytes;
}

}  // namespace sipsteer::oracle
