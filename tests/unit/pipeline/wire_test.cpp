#include <gtest/gtest.h>

#include <algorithm>
#include <exception>
#include <filesystem>

#include "routing/route_reason.hpp"
#include "wire_run.hpp"

namespace sipsteer::test {
namespace {

MetReasons met;

class WireTest : public testing::Test {
  public:
    explicit WireTest(WireCase wire_case) : case_(std::move(wire_case)) {}
    void TestBody() override { run_wire_case(case_, met); }

  private:
    WireCase case_;
};

class UnreadableFile : public testing::Test {
  public:
    explicit UnreadableFile(std::string what) : what_(std::move(what)) {}
    void TestBody() override { FAIL() << what_; }

  private:
    std::string what_;
};

/// Every reason has a case that shows it; but for those that this version never gives.
class EveryReason : public testing::Test {
  public:
    void TestBody() override {
        if (testing::GTEST_FLAG(filter) != "*") GTEST_SKIP() << "only when all cases run";
        constexpr std::string_view kNotYet = "transfer_store";  // this version has no store
        for (const std::string_view word : kRouteReasonWords) {
            EXPECT_EQ(met.contains(word), word != kNotYet) << word;
        }
        // What becomes of connections takes sockets: tests/e2e/test_streams.py.
        constexpr std::array<std::string_view, 2> kOfSockets{"no_connection", "queue_full"};
        for (const std::string_view word : kDropReasonWords) {
            EXPECT_EQ(met.contains(word), std::ranges::find(kOfSockets, word) == kOfSockets.end()) << word;
        }
    }
};

void register_file(const std::filesystem::path& path) {
    try {
        for (const WireCase& one : read_wire_file(path)) {
            testing::RegisterTest(one.suite.c_str(), one.name.c_str(), nullptr, nullptr, one.file.c_str(),
                                  one.line, [one]() -> testing::Test* { return new WireTest{one}; });
        }
    } catch (const std::exception& error) {
        testing::RegisterTest(
            path.stem().c_str(), "can_be_read", nullptr, nullptr, path.c_str(), 0,
            [what = std::string{error.what()}]() -> testing::Test* { return new UnreadableFile{what}; });
    }
}

}  // namespace
}  // namespace sipsteer::test

int main(int argc, char** argv) {
    using namespace sipsteer::test;
    testing::InitGoogleTest(&argc, argv);
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator{SIPSTEER_WIRE_CASES}) {
        if (entry.path().extension() == ".md" && entry.path().stem() != "README")
            files.push_back(entry.path());
    }
    std::ranges::sort(files);
    for (const auto& file : files) register_file(file);
    testing::RegisterTest("every_reason", "has_a_case", nullptr, nullptr, __FILE__, __LINE__,
                          []() -> testing::Test* { return new EveryReason; });
    return RUN_ALL_TESTS();
}
