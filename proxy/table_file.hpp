#pragma once

#include <memory>
#include <string>

#include "proxy/boot_clock.hpp"
#include "proxy/live_cluster.hpp"
#include "proxy/mapped_file.hpp"
#include "proxy/pipeline.hpp"

namespace sipsteer {

/// The file of `process.table_file`: the tables' records live in it, mapped, and so do the states that
/// operators have set; a killed process loses none of them. A start makes a new file, copies what is sound in
/// the old one into it, and puts it in its place: so the old one is whole until the new one is. Locked: one
/// process at a time. What a boot without a clean end has left is not believed, for the disk may have missed
/// any part of it. For one thread; the records belong to the tables.
class TableFile {
  public:
    struct Opened {
        std::unique_ptr<TableFile> file;
        std::string error;    ///< why there is none
        std::string warning;  ///< why it starts empty although there was a file
    };
    /// `path` may name no file yet; one that is no table file is an error, and left alone.
    [[nodiscard]] static Opened open(const std::string& path, std::size_t max_calls, const ClusterKey& key,
                                     const BootTime& now);
    /// What open() would say of such a path. Only reads: makes nothing, and does not ask whether it is in
    /// use. Empty: nothing.
    [[nodiscard]] static std::string refusal(const std::string& path);
    /// As if killed: what is in the file stays, and nothing says that it was ended cleanly.
    ~TableFile();
    TableFile(const TableFile&) = delete;
    TableFile& operator=(const TableFile&) = delete;

    /// For Tables of the same max_calls; outlives them.
    [[nodiscard]] TableMemory memory() noexcept;

    /// Fills the tables from the old file and puts the new one in its place. Returns what went wrong.
    [[nodiscard]] std::string take_over(Tables& tables);

    [[nodiscard]] const SaidStates& said() const noexcept { return said_; }
    /// False: too many for the room there is; the ones before stay.
    bool keep_said(const SaidStates& said);

    /// To be told now and then, so that a later boot knows how old all is.
    void stamp(const BootTime& now) noexcept;
    /// A clean end: nobody writes any more. Waits until the disk has all of it.
    void close(const BootTime& now) noexcept;

  private:
    struct Header;
    explicit TableFile(const KeyedHash& key) : key_(key) {}
    [[nodiscard]] static std::string judge(const Header& header, std::size_t size, const KeyedHash& key);
    void read_old(const BootTime& now, std::string& warning);
    [[nodiscard]] Header& header() noexcept;
    /// Where the new file is until it is in place.
    [[nodiscard]] std::string aside() const;

    KeyedHash key_;
    std::string path_;
    MappedFile old_;   ///< locked; until take_over() the file in place
    MappedFile file_;  ///< locked
    ClockShift clock_;
    SaidStates said_;
    bool old_is_sound_ = false;
    bool placed_ = false;
    std::size_t generation_ = 0;  ///< of the states
};

}  // namespace sipsteer
