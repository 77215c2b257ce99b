#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "routing/copy_bytes.hpp"
#include "routing/endpoint.hpp"

namespace sipsteer {

/// What was written. `pad_at`: where blanks may be put into it without a change of meaning; 0: nowhere.
struct Written {
    std::size_t size = 0;
    std::size_t pad_at = 0;
};

/// Changes to a run of bytes: each replaces [begin, end) by a text; the bytes between pass untouched.
/// Texts are views, or made in the scratch room of this object. No allocation; everything bounded:
/// too many changes or too much text is remembered and write() then yields nothing.
class Splices {
  public:
    /// One without changes, good until the next call in this thread: a message is written at a time, and 30
    /// KB on the stack would be probed page by page for each.
    [[nodiscard]] static Splices& fresh() noexcept;

    /// `begin` == `end` inserts. Changes may come in any order and must not overlap; those at the
    /// same place keep their order.
    void replace(const char* begin, const char* end, std::string_view text) noexcept {
        if (count_ == splices_.size()) {
            failed_ = true;
            return;
        }
        grow_ += text.size() - static_cast<std::size_t>(end - begin);
        Splice* at = splices_.data() + count_++;
        for (; at != splices_.data() && at[-1].begin > begin; --at) *at = at[-1];
        *at = {begin, end, text.data(), text.size()};
    }
    void remove(std::string_view run) noexcept { replace(run.data(), run.data() + run.size(), {}); }
    void insert(const char* at, std::string_view text) noexcept { replace(at, at, text); }

    /// Text made here lives as long as this object.
    class Text {
      public:
        explicit Text(Splices& owner) noexcept : owner_(owner), begin_(owner.scratch_used_) {}
        Text& add(std::string_view part) noexcept {
            if (part.size() > owner_.scratch_.size() - owner_.scratch_used_) {
                owner_.failed_ = true;
            } else {
                copy_bytes(owner_.scratch_.data() + owner_.scratch_used_, part);
                owner_.scratch_used_ += part.size();
            }
            return *this;
        }
        Text& add_number(std::uint32_t number) noexcept;
        Text& add_ip(const IpAddress& address) noexcept;
        [[nodiscard]] std::string_view view() const noexcept {
            return {owner_.scratch_.data() + begin_, owner_.scratch_used_ - begin_};
        }

      private:
        Splices& owner_;
        std::size_t begin_;
    };
    [[nodiscard]] Text text() noexcept { return Text{*this}; }

    /// Writes `source` with the changes to `out`. `blanks`: a place in `source` whose place in `out` is to be
    /// noted as `pad_at`. None: it does not fit.
    [[nodiscard]] std::optional<Written> write(std::string_view source, std::span<char> out,
                                               const char* blanks = nullptr) const noexcept;

  private:
    /// Without initialisers: an array of them costs nothing until it is used.
    struct Splice {
        const char* begin;
        const char* end;
        const char* text;
        std::size_t size;
    };
    std::size_t count_ = 0;
    std::size_t scratch_used_ = 0;
    std::size_t grow_ = 0;  ///< by so much the output is longer; modulo its range when shorter
    bool failed_ = false;
    std::array<Splice, 192> splices_;
    std::array<char, 24576> scratch_;  // two URIs and a Require line of full length, and our own headers
};

}  // namespace sipsteer
