#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parser/message_view.hpp"
#include "routing/media_server.hpp"

namespace sipsteer {

/// The text of calls that servers answered or made lately, for `owner`: the tables keep hashes alone. A ring
/// of fixed records; a worker that finds it busy goes on without.
class RecentCalls {
  public:
    static constexpr std::size_t kCalls = 8192;
    static constexpr std::size_t kCallIdBytes = 96;  ///< what is longer is cut, and found by its beginning
    static constexpr std::size_t kPartyBytes = 64;

    /// A provisional or successful answer to an INVITE, one end of which is `server`.
    void add(const MessageView& answer, ServerId server, std::int64_t at_ms) noexcept;

    struct Call {
        std::int64_t at_ms = 0;  ///< since 1970, of the answer
        ServerId server = kNoServer;
        std::uint16_t status = 0;
        std::string from;  ///< URI of From
        std::string to;
    };
    /// Answers to INVITEs with this Call-ID, newest first, at most `most`.
    [[nodiscard]] std::vector<Call> find(std::string_view call_id, std::size_t most) const;

  private:
    template <std::size_t N>
    struct Text {
        std::uint8_t size = 0;
        std::array<char, N> bytes;
        void set(std::string_view text) noexcept;
        [[nodiscard]] std::string_view view() const noexcept { return {bytes.data(), size}; }
    };
    struct Record {
        std::int64_t at_ms = 0;
        ServerId server = kNoServer;
        std::uint16_t status = 0;
        Text<kCallIdBytes> call_id;
        Text<kPartyBytes> from;
        Text<kPartyBytes> to;
    };

    mutable std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
    std::vector<Record> records_{kCalls};
    std::uint64_t written_ = 0;
};

}  // namespace sipsteer
