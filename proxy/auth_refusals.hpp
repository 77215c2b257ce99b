#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "parser/ip_address.hpp"
#include "parser/message_view.hpp"
#include "routing/keyed_hash.hpp"

namespace sipsteer {

/// Credentials that a server refused, counted for each address outside. A request with Authorization leaves a
/// mark, and so does a 407 for the CSeq number that repeats it with Proxy-Authorization; a 401, 403 or 407
/// that answers one of these is a refusal. The challenge to one without is none, nor is that to a nonce that
/// was too old (RFC 7616 §3.3, stale). Bounded and lossy: marks and addresses overwrite each other, and who
/// cannot get the lock is not counted.
class AuthRefusals {
  public:
    /// A request from outside; marks it when it carries credentials.
    void note_request(const ClusterKey& key, const MessageView& request) noexcept;

    /// A server's response that leaves for outside: true when it refuses credentials.
    [[nodiscard]] bool note_response(const ClusterKey& key, const MessageView& response) noexcept;

    /// Counts one for the address. The number since the last line about it when a line is due: the first
    /// at once, then one a second.
    [[nodiscard]] std::optional<std::uint32_t> count(const IpAddress& address, std::int64_t now_ms);

    [[nodiscard]] std::uint64_t total() const noexcept { return total_.load(std::memory_order_relaxed); }

    static constexpr std::size_t kAddresses = 4096;
    static constexpr std::size_t kMarks = 16384;

  private:
    struct Refused {
        IpAddress address;
        std::uint32_t since_line = 0;
        std::int64_t line_ms = 0;
    };

    void mark(std::uint64_t request) noexcept;
    [[nodiscard]] bool is_marked(std::uint64_t request) const noexcept;

    std::array<std::atomic<std::uint64_t>, kMarks> marks_{};
    std::atomic<std::uint64_t> total_{0};
    std::mutex mutex_;
    std::vector<Refused> addresses_{kAddresses};  ///< by hash; another one in its place takes it
};

}  // namespace sipsteer
