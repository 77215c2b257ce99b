#include "bench/load/histogram.hpp"

#include <algorithm>
#include <bit>

namespace sipsteer::load {
namespace {

constexpr unsigned kBits = 6;  // 64 buckets for each doubling
constexpr std::uint64_t kHalf = 1U << kBits;
constexpr Time kLongest = 60 * kSecond;

std::size_t bucket_of(std::uint64_t value) noexcept {
    if (value < kHalf) return value;
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - 1 - kBits;
    return (shift + 1) * kHalf + (value >> shift) - kHalf;
}

/// The largest value of a bucket.
std::uint64_t upper_end(std::size_t bucket) noexcept {
    if (bucket < kHalf) return bucket;
    const std::size_t shift = bucket / kHalf - 1;
    return ((bucket % kHalf + kHalf + 1) << shift) - 1;
}

}  // namespace

Histogram::Histogram() : buckets_(bucket_of(static_cast<std::uint64_t>(kLongest)) + 1) {}

void Histogram::add(Time value) noexcept {
    value = std::clamp<Time>(value, 0, kLongest);
    ++buckets_[bucket_of(static_cast<std::uint64_t>(value))];
    ++count_;
    max_ = std::max(max_, value);
}

void Histogram::clear() noexcept {
    std::fill(buckets_.begin(), buckets_.end(), 0);
    count_ = 0;
    max_ = 0;
}

Time Histogram::percentile(double share) const noexcept {
    if (count_ == 0) return 0;
    const auto wanted = std::max(1.0, share * static_cast<double>(count_));
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
        seen += buckets_[bucket];
        if (static_cast<double>(seen) >= wanted) return std::min(static_cast<Time>(upper_end(bucket)), max_);
    }
    return max_;
}

}  // namespace sipsteer::load
