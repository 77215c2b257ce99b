#include "proxy/table_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "proxy/config_schema.hpp"
#include "proxy/folder_access.hpp"

namespace sipsteer {
namespace {

constexpr std::array<char, 16> kMagic{"sipsteer-tables"};
constexpr std::uint32_t kVersion = 1;
constexpr std::uint32_t kByteOrder = 0x01020304;
constexpr std::size_t kPage = 4096;
/// Of the states: a line for each of the 1,024 servers that can be counted, with a name of 64 bytes.
constexpr std::size_t kSaidBytes = 96 * 1024;
constexpr std::size_t kTables = 3;
constexpr std::array<std::uint64_t, kTables> kForms{PinTable::kForm, CallTable::kForm, BindingTable::kForm};
constexpr std::array<std::string_view, kTables> kHeld{"pins of INVITEs", "calls", "registrations"};

constexpr std::string_view kNotOurs = "is none of ours: name another one, or remove it";

std::string complaint(const std::string& file, std::string_view why) {
    return fmt::format("table file {}: {}", file, why);
}

std::string last_error() { return std::generic_category().message(errno); }

/// What is to be replaced in the end: rename() would replace a link itself.
std::string place_of(const std::string& path) {
    std::error_code failure;
    const auto place = std::filesystem::weakly_canonical(path, failure);
    return failure ? path : place.string();
}

std::string aside_of(const std::string& place) { return place + ".new"; }

std::size_t whole_pages(std::size_t bytes) noexcept { return (bytes + kPage - 1) / kPage * kPage; }

std::string_view text_of(std::span<const std::byte> bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// One of two places of the operators' states: they are written in turn, and the newer sound one counts.
struct SaidSlot {
    std::uint64_t generation;
    std::uint64_t size;
    std::uint64_t check;  ///< keyed hash of the others, written last
    std::array<char, kSaidBytes - 3 * sizeof(std::uint64_t)> text;

    [[nodiscard]] std::uint64_t sum(const KeyedHash& key) const noexcept {
        return KeyedHash::Input{key}
            .add("said")
            .add(static_cast<std::uint32_t>(generation))
            .add(std::string_view{text.data(), static_cast<std::size_t>(size)})
            .finish();
    }
    [[nodiscard]] bool sound(const KeyedHash& key) const noexcept {
        return generation != 0 && size <= text.size() && check == sum(key);
    }
};
static_assert(sizeof(SaidSlot) == kSaidBytes);

SaidStates said_of(std::string_view text) {
    SaidStates said;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const std::size_t blank = line.find(' ');
        if (blank == std::string_view::npos) continue;
        for (const ServerState state : {ServerState::ready, ServerState::drain, ServerState::maint}) {
            if (line.substr(blank + 1) == to_string(state)) said[std::string{line.substr(0, blank)}] = state;
        }
    }
    return said;
}

}  // namespace

/// The first page. All that checksum covers stays as it was written at the start.
struct TableFile::Header {
    std::array<char, 16> magic;
    std::uint32_t version;
    std::uint32_t byte_order;
    std::uint64_t file_size;
    std::uint64_t cluster;  ///< a hash by the cluster key: by another one the tables' hashes say nothing
    struct Section {
        std::uint64_t form;
        std::uint64_t offset;
        std::uint64_t size;
    };
    std::array<Section, kTables> sections;  ///< pins, calls, bindings
    std::uint64_t checksum;
    BootTime stamped;
    std::uint32_t clean;  ///< 1: ended, and on the disk

    static std::uint64_t cluster_sum(const KeyedHash& key) noexcept {
        return KeyedHash::Input{key}.add("table file").finish();
    }
    [[nodiscard]] std::uint64_t sum(const KeyedHash& key) const noexcept {
        const auto* const begin = reinterpret_cast<const char*>(this);
        const auto* const end = reinterpret_cast<const char*>(&checksum);
        return key({begin, static_cast<std::size_t>(end - begin)});
    }
    [[nodiscard]] std::span<std::byte> section(std::span<std::byte> file, std::size_t index) const noexcept {
        return file.subspan(sections[index].offset, sections[index].size);
    }
    [[nodiscard]] SaidSlot& said(std::size_t generation) noexcept {
        auto* const first = reinterpret_cast<std::byte*>(this) + kPage;
        return *reinterpret_cast<SaidSlot*>(first + generation % 2 * kSaidBytes);
    }
};

TableFile::Header& TableFile::header() noexcept { return *reinterpret_cast<Header*>(file_.bytes().data()); }

/// Why nothing of it can be used. Empty: the header is ours and whole, and so are the places that it names.
std::string TableFile::judge(const Header& header, std::size_t size, const KeyedHash& key) {
    if (header.version != kVersion || header.byte_order != kByteOrder) return "is of another version";
    if (header.cluster != Header::cluster_sum(key)) return "is of another cluster key";
    if (header.checksum != header.sum(key)) return "is damaged";
    if (header.file_size != size) return "is cut off";
    return {};
}

std::string TableFile::refusal(const std::string& path) {
    const std::string place = place_of(path);
    const int fd = ::open(place.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno != ENOENT) return complaint(path, last_error());
    if (fd >= 0) {
        std::array<char, kMagic.size()> head{};
        const ssize_t size = ::read(fd, head.data(), head.size());
        const std::string error = size < 0 ? last_error() : std::string{};
        ::close(fd);
        if (!error.empty()) return complaint(path, error);
        const bool ours = size == 0 || (size == ssize_t{head.size()} && head == kMagic);
        if (!ours) return complaint(path, kNotOurs);
    }
    if (may_make_beside(place)) return {};
    return complaint(fd < 0 ? path : aside_of(place), last_error());
}

TableFile::Opened TableFile::open(const std::string& path, std::size_t max_calls, const ClusterKey& key,
                                  const BootTime& now) {
    Opened result;
    const auto fail = [&result](const std::string& what, std::string_view why) {
        result.error = complaint(what, why);
        result.file.reset();
        return std::move(result);
    };
    result.file.reset(new TableFile{key.table});
    TableFile& file = *result.file;
    file.path_ = place_of(path);
    do {  // a process that starts at this moment may have put another one there
        file.old_ = MappedFile{};
        if (const auto error = file.old_.open(file.path_)) {
            const bool locked = error == std::errc::resource_unavailable_try_again;
            return fail(path, locked ? "in use by another process" : error.message());
        }
    } while (!file.old_.is_at(file.path_));
    if (file.old_.size() > 0) {
        if (const auto error = file.old_.map()) return fail(path, error.message());
        const auto bytes = file.old_.bytes();
        if (!text_of(bytes).starts_with(std::string_view{kMagic.data(), kMagic.size()}))
            return fail(path, kNotOurs);
        file.read_old(now, result.warning);
        if (!result.warning.empty()) result.warning = fmt::format("table file {}: {}", path, result.warning);
    }

    const std::array<std::size_t, kTables> sizes{
        PinTable::bytes_for(max_calls), CallTable::bytes_for(max_calls), BindingTable::bytes_for(max_calls)};
    Header header{};
    header.magic = kMagic;
    header.version = kVersion;
    header.byte_order = kByteOrder;
    header.cluster = Header::cluster_sum(key.table);
    header.file_size = kPage + 2 * kSaidBytes;
    for (std::size_t i = 0; i < kTables; ++i) {
        header.sections[i] = {kForms[i], header.file_size, sizes[i]};
        header.file_size += whole_pages(sizes[i]);
    }
    header.checksum = header.sum(key.table);
    header.stamped = now;
    const std::string aside = file.aside();
    std::error_code ignored;
    std::filesystem::remove(aside, ignored);  // of a start that was killed
    std::error_code error = file.file_.open(aside);
    if (!error) error = file.file_.reserve(header.file_size);
    if (!error) error = file.file_.map();
    if (error) return fail(aside, error.message());
    std::memcpy(file.file_.bytes().data(), &header, sizeof header);
    static_cast<void>(file.keep_said(SaidStates{file.said_}));
    return result;
}

/// What can be taken from the old file: its tables, and the operators' states, which are sound by themselves.
void TableFile::read_old(const BootTime& now, std::string& warning) {
    const auto bytes = old_.bytes();
    if (bytes.size() < kPage + 2 * kSaidBytes) {
        warning = "is cut off: starting empty";
        return;
    }
    auto& header = *reinterpret_cast<Header*>(bytes.data());
    if (const std::string why = judge(header, bytes.size(), key_); !why.empty()) {
        warning = why + ": starting empty";
        return;
    }
    std::uint64_t newest = 0;
    for (const std::size_t place : {std::size_t{0}, std::size_t{1}}) {
        const SaidSlot& slot = header.said(place);
        if (!slot.sound(key_) || slot.generation < newest) continue;
        newest = slot.generation;
        said_ = said_of({slot.text.data(), static_cast<std::size_t>(slot.size)});
    }
    const BootTime& then = header.stamped;
    clock_.now = now.since_boot;
    old_is_sound_ = true;
    std::string forgotten;
    for (std::size_t i = 0; i < kTables; ++i) {
        if (header.sections[i].form != kForms[i])
            forgotten += fmt::format("{}{}", forgotten.empty() ? "" : ", ", kHeld[i]);
    }
    if (!forgotten.empty()) warning = fmt::format("is of another version: {} are forgotten", forgotten);
    const bool same_boot = then.boot == now.boot && now.boot != BootTime{}.boot;
    if (same_boot && then.since_boot <= now.since_boot) return;
    if (header.clean != 1) {
        old_is_sound_ = false;
        warning = "was not closed before the machine started anew: calls are forgotten, states are kept";
        return;
    }
    const std::int64_t between = std::max<std::int64_t>(now.since_1970 - then.since_1970, 0);
    clock_.shift = std::int64_t{now.since_boot} - then.since_boot - between;
}

std::string TableFile::aside() const { return aside_of(path_); }

TableFile::~TableFile() {
    if (!placed_ && !file_.bytes().empty()) ::unlink(aside().c_str());
}

TableMemory TableFile::memory() noexcept {
    const auto bytes = file_.bytes();
    return {header().section(bytes, 0), header().section(bytes, 1), header().section(bytes, 2)};
}

std::string TableFile::take_over(Tables& tables) {
    if (old_is_sound_) {
        const auto bytes = old_.bytes();
        const auto& from = *reinterpret_cast<const Header*>(bytes.data());
        if (from.sections[0].form == kForms[0]) tables.pins.adopt(from.section(bytes, 0), clock_);
        if (from.sections[1].form == kForms[1]) tables.calls.adopt(from.section(bytes, 1), clock_);
        if (from.sections[2].form == kForms[2]) tables.bindings.adopt(from.section(bytes, 2), clock_);
    }
    if (std::rename(aside().c_str(), path_.c_str()) != 0) return complaint(path_, last_error());
    placed_ = true;
    old_ = MappedFile{};
    return {};
}

bool TableFile::keep_said(const SaidStates& said) {
    std::string text;
    for (const auto& [name, state] : said) text += fmt::format("{} {}\n", name, to_string(state));
    SaidSlot& slot = header().said(generation_ + 1);
    if (text.size() > slot.text.size()) return false;
    slot.check = 0;
    std::atomic_signal_fence(std::memory_order_seq_cst);
    slot.generation = ++generation_;
    slot.size = text.size();
    std::ranges::copy(text, slot.text.begin());
    const std::uint64_t check = slot.sum(key_);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    slot.check = check;
    said_ = said;
    return true;
}

void TableFile::stamp(const BootTime& now) noexcept { header().stamped = now; }

void TableFile::close(const BootTime& now) noexcept {
    stamp(now);
    file_.sync();  // before it says so
    header().clean = 1;
    file_.sync();
}

}  // namespace sipsteer
