#include "bench/load/received_message.hpp"

#include <charconv>
#include <cstdint>
#include <cstring>

namespace sipsteer::load {
namespace {

int to_number(std::string_view text) noexcept {
    int value = -1;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

bool is(std::string_view name, std::string_view wanted) noexcept {
    if (name.size() != wanted.size()) return false;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if ((name[i] | 0x20) != (wanted[i] | 0x20)) return false;
    }
    return true;
}

std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

/// Values joined by commas; the generator writes no comma inside of one, nor does a proxy into a Via.
template <std::size_t Size>
void add_values(Values<Size>& values, std::string_view text) noexcept {
    while (true) {
        const std::size_t comma = text.find(',');
        values.add(trim(text.substr(0, comma)));
        if (comma == std::string_view::npos) return;
        text.remove_prefix(comma + 1);
    }
}

void take(ReceivedMessage& message, std::string_view name, std::string_view value) noexcept {
    switch (name.size()) {
        case 2:
            if (is(name, "to")) message.to = value;
            return;
        case 3:
            if (is(name, "via")) add_values(message.vias, value);
            return;
        case 4:
            if (is(name, "from")) message.from = value;
            if (is(name, "cseq")) message.cseq = value;
            return;
        case 5:
            if (is(name, "route")) add_values(message.routes, value);
            return;
        case 7:
            if (is(name, "call-id")) message.call_id = value;
            if (is(name, "contact")) message.contact = value;
            return;
        case 12:
            if (is(name, "max-forwards")) message.max_forwards = to_number(value);
            if (is(name, "record-route")) add_values(message.record_routes, value);
            return;
        default: return;
    }
}

}  // namespace

bool ReceivedMessage::read(std::string_view bytes) noexcept {
    *this = {};
    const std::size_t end = bytes.find("\r\n");
    if (end == std::string_view::npos) return false;
    start_line = bytes.substr(0, end);
    if (start_line.starts_with("SIP/2.0 ")) {
        status = to_number(start_line.substr(8));
        if (status < 100 || status > 699) return false;
    } else if (!start_line.ends_with(" SIP/2.0")) {
        return false;
    }
    bytes.remove_prefix(end + 2);
    while (true) {
        const auto* newline = static_cast<const char*>(std::memchr(bytes.data(), '\r', bytes.size()));
        if (newline == nullptr) return false;
        const auto size = static_cast<std::size_t>(newline - bytes.data());
        const std::string_view line = bytes.substr(0, size);
        if (bytes.size() < size + 2) return false;
        bytes.remove_prefix(size + 2);
        if (line.empty()) break;
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) return false;
        take(*this, line.substr(0, colon), trim(line.substr(colon + 1)));
    }
    body = bytes;
    return vias.count > 0 && !call_id.empty() && !cseq.empty();
}

std::string_view ReceivedMessage::method() const noexcept { return cseq.substr(cseq.find(' ') + 1); }

std::uint64_t ReceivedMessage::call_number(std::uint32_t run) const noexcept {
    // "000000001234-00c0ffee@...", as MessageWriter writes it.
    if (call_id.size() < 22 || call_id[12] != '-' || call_id[21] != '@') return 0;
    std::uint64_t number = 0;
    std::uint32_t its_run = 0;
    std::from_chars(call_id.data(), call_id.data() + 12, number);
    std::from_chars(call_id.data() + 13, call_id.data() + 21, its_run, 16);
    return its_run == run ? number : 0;
}

}  // namespace sipsteer::load
