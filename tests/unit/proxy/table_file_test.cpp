#include "proxy/table_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace sipsteer {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxCalls = 500;
constexpr CallTable::Lifetime kHour{3600, false};
constexpr ServerId kA = 101;
constexpr ServerId kB = 202;

BootTime at(Seconds since_boot, char boot = 'a', std::int64_t since_1970 = 1000000) {
    BootTime time;
    time.boot.fill(boot);
    time.since_boot = since_boot;
    time.since_1970 = since_1970;
    return time;
}

/// A proxy's tables over their file.
struct Process {
    TableFile::Opened opened;
    std::unique_ptr<Tables> tables;
    std::string error;

    Process(const fs::path& path, const BootTime& now, std::size_t max_calls = kMaxCalls,
            std::uint8_t key = 1)
        : opened(TableFile::open(path, max_calls, ClusterKey::derive({key}), now)), error(opened.error) {
        if (!opened.file) return;
        tables = std::make_unique<Tables>(max_calls, opened.file->memory());
        error = opened.file->take_over(*tables);
    }
    TableFile& file() const { return *opened.file; }
};

struct TableFileTest : testing::Test {
    const fs::path folder = fs::temp_directory_path() / ("table-file-" + std::to_string(::getpid()));
    const fs::path path = folder / "tables";
    const DialogKey key{7, 1, 2};

    void SetUp() override { fs::create_directory(folder); }
    void TearDown() override { fs::remove_all(folder); }

    /// Some of each table at second 100, and the file as a kill leaves it then.
    void leave_behind(bool cleanly = false) const {
        Process process{path, at(100)};
        ASSERT_EQ(process.error, "");
        process.tables->calls.learn(key, kA, DialogState::confirmed, 100, kHour, CallTable::Caller::server);
        process.tables->calls.learn({8, 1, 2}, kB, DialogState::early, 100, {300, false});
        process.tables->calls.learn({9, 1, 2}, kB, DialogState::confirmed, 100, kHour);
        process.tables->calls.end({9, 1, 2}, kB, 100);
        (void)process.tables->pins.pin(77, {kB, RouteReason::transfer_owner}, 1, 100);
        process.tables->bindings.bind({55, 5}, kA, 100, 600);
        ASSERT_TRUE(process.file().keep_said({{"pbx-1", ServerState::maint}}));
        ASSERT_TRUE(process.file().keep_said({{"pbx-1", ServerState::drain}, {"pbx-2", ServerState::ready}}));
        process.file().stamp(at(110, 'a', 1000010));
        if (cleanly) process.file().close(at(110, 'a', 1000010));
    }
    std::string bytes() const {
        std::ifstream in{path, std::ios::binary};
        return {std::istreambuf_iterator<char>{in}, {}};
    }
    void write(const std::string& text) const { std::ofstream{path, std::ios::binary} << text; }
};

const SaidStates kSaid{{"pbx-1", ServerState::drain}, {"pbx-2", ServerState::ready}};

TEST_F(TableFileTest, NothingIsLostByAKill) {
    leave_behind();
    for (int i = 0; i < 3; ++i) {
        Process process{path, at(120)};
        ASSERT_EQ(process.error, "");
        EXPECT_EQ(process.opened.warning, "");
        const auto owner = process.tables->calls.find(key, 120);
        ASSERT_TRUE(owner);
        EXPECT_EQ(owner->server, kA);
        EXPECT_EQ(owner->state, DialogState::confirmed);
        EXPECT_EQ(owner->expires, 3700U);
        EXPECT_TRUE(owner->caller);
        EXPECT_EQ(process.tables->calls.find({9, 1, 2}, 120)->state, DialogState::grace);
        EXPECT_EQ(process.tables->calls.size(), 3U);
        EXPECT_EQ(process.tables->calls.counts().of(kA), 1);
        EXPECT_EQ(process.tables->calls.counts().of(kB), 1) << "grace does not count";
        EXPECT_EQ(process.tables->pins.find(77, 120)->server, kB);
        EXPECT_EQ(process.tables->pins.find(77, 120)->reason, RouteReason::transfer_owner);
        EXPECT_EQ(process.tables->pins.setups().of(kB), 1);
        EXPECT_EQ(process.tables->bindings.find({55, 5}, 120)->server, kA);
        EXPECT_EQ(process.file().said(), kSaid);
        EXPECT_FALSE(fs::exists(path.string() + ".new"));
    }
}

TEST_F(TableFileTest, WhatHasExpiredStaysAway) {
    leave_behind();
    Process process{path, at(500)};
    EXPECT_EQ(process.tables->calls.size(), 1U);
    EXPECT_EQ(process.tables->pins.size(), 0U);
    EXPECT_EQ(process.tables->bindings.size(), 1U);
}

TEST_F(TableFileTest, OfAnotherSize) {
    leave_behind();
    for (const std::size_t max_calls : {100000U, 3U, 20000U}) {
        Process process{path, at(120), max_calls};
        ASSERT_EQ(process.error, "");
        EXPECT_EQ(process.tables->calls.size(), 3U);
        EXPECT_EQ(process.tables->calls.find(key, 120)->server, kA);
    }
    Process process{path, at(120), 1};
    EXPECT_EQ(process.tables->calls.size(), 1U) << "a bound is a bound";
    EXPECT_LE(process.tables->calls.counts().of(kA) + process.tables->calls.counts().of(kB), 1);
}

TEST_F(TableFileTest, OneProcessAtATime) {
    leave_behind();
    Process first{path, at(120)};
    Process second{path, at(120)};
    EXPECT_NE(second.error.find("in use by another process"), std::string::npos) << second.error;
    EXPECT_EQ(first.tables->calls.size(), 3U);
}

TEST_F(TableFileTest, AStartThatIsKilledLeavesTheOldFile) {
    leave_behind();
    const std::string before = bytes();
    { auto opened = TableFile::open(path, kMaxCalls, ClusterKey::derive({1}), at(120)); }
    EXPECT_EQ(bytes(), before);
    EXPECT_FALSE(fs::exists(path.string() + ".new"));
    std::ofstream{path.string() + ".new"} << "left by a kill";
    EXPECT_EQ((Process{path, at(120)}.tables->calls.size()), 3U);
}

TEST_F(TableFileTest, BehindABootTimeGoesOnByTheCalendar) {
    leave_behind(true);
    // 50 seconds later by the calendar, 20 seconds after the boot.
    Process process{path, at(20, 'b', 1000060)};
    EXPECT_EQ(process.opened.warning, "");
    EXPECT_EQ(process.tables->calls.find(key, 20)->expires, 20U + 3700U - 110U - 50U);
    EXPECT_EQ(process.tables->pins.size(), 0U);
    EXPECT_EQ(process.tables->bindings.find({55, 5}, 20)->expires, 20U + 700U - 110U - 50U);
}

TEST_F(TableFileTest, ACalendarThatWasTurnedBackProlongsNothing) {
    leave_behind(true);
    Process process{path, at(20, 'b', 3)};
    EXPECT_EQ(process.tables->calls.find(key, 20)->expires, 20U + 3700U - 110U);
}

TEST_F(TableFileTest, BehindACrashOfTheMachineOnlyStatesCount) {
    leave_behind(false);
    Process process{path, at(20, 'b', 1000060)};
    EXPECT_EQ(process.error, "");
    EXPECT_NE(process.opened.warning.find("not closed"), std::string::npos);
    EXPECT_EQ(process.tables->calls.size(), 0U);
    EXPECT_EQ(process.file().said(), kSaid);
}

TEST_F(TableFileTest, AnotherKeyOrACutFileStartsEmpty) {
    leave_behind();
    const std::string whole = bytes();
    {
        Process process{path, at(120), kMaxCalls, 2};
        EXPECT_EQ(process.error, "");
        EXPECT_NE(process.opened.warning.find("another cluster key"), std::string::npos);
        EXPECT_EQ(process.tables->calls.size(), 0U);
        EXPECT_TRUE(process.file().said().empty());
    }
    for (const std::size_t size : {std::size_t{16}, std::size_t{200}, std::size_t{5000}, whole.size() - 1}) {
        write(whole.substr(0, size));
        Process process{path, at(120)};
        EXPECT_EQ(process.error, "");
        EXPECT_NE(process.opened.warning.find("cut off"), std::string::npos) << size;
        EXPECT_EQ(process.tables->calls.size(), 0U);
    }
}

TEST_F(TableFileTest, ATableInAnotherFormIsForgottenAndTheOthersStay) {
    leave_behind();
    std::string file = bytes();
    constexpr std::size_t kFormOfCalls = 40 + 24;  // in the header's second section
    constexpr std::size_t kChecksum = 40 + 3 * 24;
    file[kFormOfCalls] = static_cast<char>(file[kFormOfCalls] + 1);
    const std::uint64_t checksum = ClusterKey::derive({1}).table({file.data(), kChecksum});
    std::memcpy(file.data() + kChecksum, &checksum, sizeof checksum);
    write(file);
    Process process{path, at(120)};
    EXPECT_EQ(process.error, "");
    EXPECT_NE(process.opened.warning.find("another version: calls are forgotten"), std::string::npos)
        << process.opened.warning;
    EXPECT_EQ(process.tables->calls.size(), 0U);
    EXPECT_EQ(process.tables->pins.size(), 1U);
    EXPECT_EQ(process.tables->bindings.size(), 1U);
    EXPECT_EQ(process.file().said(), kSaid);
}

TEST_F(TableFileTest, AFileOfSomebodyElseIsLeftAlone) {
    for (const std::string& text :
         {std::string{"x"}, std::string{"[process]\nworkers = 1\n"}, std::string(9000, '\0')}) {
        write(text);
        EXPECT_NE((Process{path, at(120)}.error.find("none of ours")), std::string::npos);
        EXPECT_EQ(bytes(), text);
    }
    write("");
    EXPECT_EQ((Process{path, at(120)}.error), "") << "an empty one is nobody's";
    EXPECT_NE((Process{folder / "no" / "folder", at(120)}.error), "");
}

TEST_F(TableFileTest, DamageIsNeverACrashOrAWrongOwner) {
    leave_behind();
    const std::string whole = bytes();
    const auto damaged = [&](std::size_t offset) {
        std::string text = whole;
        text[offset] = static_cast<char>(text[offset] ^ 0x55);
        write(text);
        Process process{path, at(120)};
        if (offset < 16) {
            EXPECT_NE(process.error.find("none of ours"), std::string::npos);
        } else {
            EXPECT_EQ(process.error, "");
        }
        return process;
    };
    for (std::size_t offset = 0; offset < 200; ++offset) {  // the header
        const Process process = damaged(offset);
        if (process.tables) {
            EXPECT_TRUE(process.tables->calls.size() == 0 || process.tables->calls.size() == 3) << offset;
        }
    }
    // Noise instead of records: whatever is taken for one, nothing breaks, and counts hold.
    std::string noise = whole;
    std::uint32_t random = 1;
    for (std::size_t i = 4096 + 2 * 96 * 1024; i < noise.size(); ++i)
        noise[i] = static_cast<char>((random = random * 1664525 + 1013904223) >> 24);
    write(noise);
    Process process{path, at(120)};
    EXPECT_EQ(process.error, "");
    EXPECT_LE(process.tables->calls.size(), kMaxCalls);
    process.tables->calls.learn(key, kA, DialogState::confirmed, 120, kHour);
    EXPECT_EQ(process.tables->calls.find(key, 120)->server, kA);
}

TEST_F(TableFileTest, AStateThatIsHalfWrittenLeavesTheOneBefore) {
    leave_behind();
    std::string text = bytes();
    const std::size_t last = text.rfind("pbx-2 ready");
    ASSERT_NE(last, std::string::npos);
    text[last] = 'X';
    write(text);
    Process process{path, at(120)};
    EXPECT_EQ(process.file().said(), (SaidStates{{"pbx-1", ServerState::maint}}));
    SaidStates many;
    for (int i = 0; i < 2000; ++i) many[std::string(60, 'x') + std::to_string(i)] = ServerState::drain;
    EXPECT_FALSE(process.file().keep_said(many));
    EXPECT_EQ(process.file().said(), (SaidStates{{"pbx-1", ServerState::maint}}));
}

}  // namespace
}  // namespace sipsteer
