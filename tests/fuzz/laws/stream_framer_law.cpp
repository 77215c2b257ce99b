#include <vector>

#include "parser/message_view.hpp"
#include "parser/stream_framer.hpp"
#include "tests/fuzz/laws/exact_bytes.hpp"
#include "tests/fuzz/laws/laws.hpp"
#include "tests/fuzz/laws/views.hpp"

namespace sipsteer::laws {
namespace {

/// Less than the fuzzer's inputs have, so that it meets the bound.
constexpr std::size_t kMessageBytes = 500;

struct Taken {
    StreamFrame::What what;
    ParseError error;
    std::size_t begin;
    std::size_t size;

    friend bool operator==(const Taken&, const Taken&) = default;
};

/// What a framer takes from `stream` when it comes in pieces of `step` bytes; `law` is set when one of
/// its frames breaks a rule.
std::vector<Taken> take_all(std::string_view stream, std::size_t step, std::string& law) {
    std::vector<Taken> all;
    StreamFramer framer{kMessageBytes};
    std::size_t begin = 0;
    for (std::size_t arrived = 0; arrived < stream.size();) {
        arrived = std::min(arrived + step, stream.size());
        for (;;) {
            const ExactBytes pending{stream.substr(begin, arrived - begin)};
            const StreamFrame frame = framer.next(pending.view());
            if (frame.size > pending.view().size()) law = "a frame lies within what has arrived";
            if (frame.what == StreamFrame::What::incomplete) {
                if (frame.size != 0) law = "incomplete takes nothing";
                if (pending.view().size() > kMessageBytes + 1)
                    law = "no more is asked for than a message may have";
                break;
            }
            const bool broken = frame.what == StreamFrame::What::broken;
            // How much of a broken message can be read depends on how much has come.
            all.push_back({frame.what, frame.error, begin, broken ? 0 : frame.size});
            if (broken) return all;
            begin += frame.size;
        }
    }
    return all;
}

}  // namespace

std::string stream_framer_law(std::string_view input) {
    if (input.empty()) return {};
    const auto step = std::max<std::size_t>(1, static_cast<unsigned char>(input[0]));
    const std::string_view stream = input.substr(1);
    std::string law;
    const auto whole = take_all(stream, std::max<std::size_t>(1, stream.size()), law);
    SIPSTEER_HOLDS(whole == take_all(stream, step, law));
    SIPSTEER_HOLDS(whole == take_all(stream, 1, law));
    if (!law.empty()) return law;
    for (const Taken& taken : whole) {
        const std::string_view bytes = stream.substr(taken.begin, taken.size);
        if (taken.what == StreamFrame::What::blank || taken.what == StreamFrame::What::ping) {
            SIPSTEER_HOLDS(bytes == "\r\n");
        }
        if (taken.what != StreamFrame::What::message) continue;
        MessageView message;
        const auto parsed = message.parse(bytes);
        // Both read the same end, or the message is refused for another reason.
        if (parsed) {
            SIPSTEER_HOLDS(message.bytes() == bytes && message.has(HeaderId::content_length));
        } else {
            SIPSTEER_HOLDS(parsed.error() != ParseError::body_truncated &&
                           parsed.error() != ParseError::incomplete &&
                           parsed.error() != ParseError::bad_line_end);
        }
    }
    return {};
}

}  // namespace sipsteer::laws
