#include "proxy/log.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <chrono>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "proxy/log_limiter.hpp"

namespace sipsteer {
namespace {

using namespace std::chrono_literals;

std::string text(std::initializer_list<LogField> fields) {
    return log_text("e", std::vector<LogField>(fields));
}

TEST(LogLine, PlainText) {
    const std::vector<LogField> fields{{"reason", "transfer_owner"},
                                       {"call_id", "a@b"},
                                       {"replaces", "x@y;to-tag=1;from-tag=2"},
                                       {"server", "pbx-1"},
                                       {"us", 12}};
    EXPECT_EQ(log_text("transfer", fields),
              "event=transfer reason=transfer_owner call_id=a@b replaces=x@y;to-tag=1;from-tag=2 "
              "server=pbx-1 us=12");
    EXPECT_EQ(
        log_json("transfer", fields),
        R"("event":"transfer","reason":"transfer_owner","call_id":"a@b","replaces":"x@y;to-tag=1;from-tag=2",)"
        R"("server":"pbx-1","us":12)");
}

TEST(LogLine, NoValueLooksLikeAnotherField) {
    EXPECT_EQ(text({{"a", "x event=fake"}}), R"(event=e a="x event=fake")");
    EXPECT_EQ(text({{"a", "x\" b=\"y"}}), R"(event=e a="x\" b=\"y")");
    EXPECT_EQ(text({{"a", "x\r\nevent=fake"}}), R"(event=e a="x\x0d\x0aevent=fake")");
    EXPECT_EQ(text({{"a", ""}}), R"(event=e a="")");
    EXPECT_EQ(text({{"a", R"(\)"}}), R"(event=e a="\\")");
    EXPECT_EQ(text({{"a", std::string_view("\0\x1b[31m\x7f", 7)}}), R"(event=e a="\x00\x1b[31m\x7f")");
    EXPECT_EQ(text({{"a", "{}%s%n"}}), "event=e a={}%s%n");
}

TEST(LogLine, Utf8) {
    EXPECT_EQ(text({{"a", "Jürgen€😀"}}), "event=e a=\"Jürgen€😀\"");
    EXPECT_EQ(text({{"a", "\xff\xc3"}}), R"(event=e a="\xff\xc3")");
    EXPECT_EQ(text({{"a", "\xc0\xaf"}}), R"(event=e a="\xc0\xaf")") << "overlong";
    EXPECT_EQ(text({{"a", "\xe0\x80\xaf"}}), R"(event=e a="\xe0\x80\xaf")") << "overlong";
    EXPECT_EQ(text({{"a", "\xed\xa0\x80"}}), R"(event=e a="\xed\xa0\x80")") << "surrogate";
    EXPECT_EQ(text({{"a", "\xf4\x90\x80\x80"}}), R"(event=e a="\xf4\x90\x80\x80")") << "above U+10FFFF";
    EXPECT_EQ(text({{"a", "\xe2\x82"}}), R"(event=e a="\xe2\x82")") << "cut off";
    EXPECT_EQ(text({{"a",
                     "\xc2\x9b"
                     "1m"}}),
              R"(event=e a="\xc2\x9b1m")")
        << "C1 control";
    EXPECT_EQ(text({{"a",
                     "\xe2\x80\xae"
                     "x"}}),
              R"(event=e a="\xe2\x80\xaex")")
        << "direction override";
    const std::vector<LogField> fields{{"a", "\xff\"\n"}};
    EXPECT_EQ(log_json("e", fields), R"("event":"e","a":"\\xff\"\n")");
}

TEST(LogLine, EveryByteGivesOneLineAndValidJson) {
    for (int first = 0; first < 256; ++first) {
        for (const int second : {0, 0x0a, 0x22, 0x5c, 0x80, 0xbf, 0xff}) {
            const std::string value{static_cast<char>(first), static_cast<char>(second)};
            const std::vector<LogField> fields{{"a", value}};
            const auto line = log_text("e", fields);
            for (const char c : line)
                EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) << first;
            boost::system::error_code failure;
            boost::json::parse("{" + log_json("e", fields) + "}", failure);
            EXPECT_FALSE(failure) << first << " " << second;
            EXPECT_EQ(log_json("e", fields).find('\n'), std::string::npos);
        }
    }
}

TEST(LogLimiter, AtMostSoManyASecond) {
    LogLimiter limiter;
    const LogLimiter::TimePoint start{};
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(limiter.admit("a", start + i * 10ms, 10).write);
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(limiter.admit("a", start + 500ms, 10).write);
    EXPECT_TRUE(limiter.admit("b", start + 500ms, 10).write) << "events are counted apart";
    const auto next = limiter.admit("a", start + 1s, 10);
    EXPECT_TRUE(next.write);
    EXPECT_EQ(next.suppressed, 5U);
    EXPECT_EQ(limiter.admit("a", start + 1s, 10).suppressed, 0U);
}

TEST(LogLimiter, MemoryIsBounded) {
    LogLimiter limiter;
    const LogLimiter::TimePoint start{};
    std::size_t written = 0;
    for (std::size_t i = 0; i < 100'000; ++i)
        written += limiter.admit("e" + std::to_string(i), start, 1).write ? 1U : 0U;
    EXPECT_EQ(written, LogLimiter::kMaxEvents + 1) << "the last budget is shared by all others";
}

class LogTest : public testing::Test {
  protected:
    void SetUp() override {
        file_ = std::tmpfile();
        ASSERT_NE(file_, nullptr);
    }
    void TearDown() override {
        stop_log();
        std::fclose(file_);
    }
    std::vector<std::string> lines() {
        stop_log();
        std::rewind(file_);
        std::vector<std::string> result;
        char line[4096];
        while (std::fgets(line, sizeof line, file_) != nullptr) result.emplace_back(line);
        return result;
    }

    std::FILE* file_ = nullptr;
};

TEST_F(LogTest, Text) {
    start_log(Config::LogFormat::text, LogLevel::info, file_);
    log_event(LogLevel::info, "transfer", {{"reason", "transfer_owner"}, {"call_id", "a b"}});
    log_event(LogLevel::debug, "message", {{"x", 1}});
    log_event(LogLevel::warning, "w", {});
    const auto written = lines();
    ASSERT_EQ(written.size(), 2U);
    const std::regex time(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z )");
    EXPECT_TRUE(std::regex_search(written[0], time, std::regex_constants::match_continuous)) << written[0];
    EXPECT_EQ(written[0].substr(25), "info event=transfer reason=transfer_owner call_id=\"a b\"\n");
    EXPECT_EQ(written[1].substr(25), "warning event=w\n");
}

TEST_F(LogTest, Json) {
    start_log(Config::LogFormat::json, LogLevel::debug, file_);
    log_event(LogLevel::debug, "message", {{"call_id", "a\"\n%v{}"}, {"us", -3}});
    const auto written = lines();
    ASSERT_EQ(written.size(), 1U);
    const auto object = boost::json::parse(written[0]).as_object();
    EXPECT_EQ(object.at("level").as_string(), "debug");
    EXPECT_EQ(object.at("event").as_string(), "message");
    EXPECT_EQ(object.at("call_id").as_string(), "a\"\n%v{}");
    EXPECT_EQ(object.at("us").as_int64(), -3);
    EXPECT_EQ(object.at("ts").as_string().size(), 24U);
}

TEST_F(LogTest, LevelsAndBeforeTheStart) {
    log_event(LogLevel::error, "lost", {});
    EXPECT_FALSE(log_enabled(LogLevel::error));
    start_log(Config::LogFormat::text, LogLevel::error, file_);
    EXPECT_FALSE(log_enabled(LogLevel::warning));
    set_log_level(LogLevel::trace);
    EXPECT_TRUE(log_enabled(LogLevel::trace));
    EXPECT_FALSE(log_enabled(LogLevel::off));
    set_log_level(LogLevel::off);
    log_event(LogLevel::error, "off", {});
    EXPECT_TRUE(lines().empty());
    log_event(LogLevel::error, "late", {});
}

TEST_F(LogTest, RateIsLimitedByEvent) {
    start_log(Config::LogFormat::text, LogLevel::info, file_);
    for (int i = 0; i < 2000; ++i) log_event(LogLevel::info, "few", {{"i", i}});
    for (int i = 0; i < 500; ++i) log_event(LogLevel::info, "many", {{"i", i}}, LogRate::many);
    std::size_t few = 0;
    std::size_t many = 0;
    for (const auto& line : lines()) {
        few += line.find("event=few") != std::string::npos ? 1U : 0U;
        many += line.find("event=many") != std::string::npos ? 1U : 0U;
    }
    EXPECT_GE(few, 10U);
    EXPECT_LE(few, 20U) << "two seconds at most";
    EXPECT_EQ(many, 500U);
}

TEST_F(LogTest, AReaderThatDoesNotReadStopsNobody) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    std::FILE* stuck = ::fdopen(ends[1], "w");
    start_log(Config::LogFormat::text, LogLevel::info, stuck);
    const std::string value(500, 'x');
    const auto begin = std::chrono::steady_clock::now();
    // A pipe holds 64 KiB, the queue 8192 lines: more than both, each event within its bound.
    for (int i = 0; i < 12; ++i) {
        const auto event = "e" + std::to_string(i);
        for (int j = 0; j < 1000; ++j) log_event(LogLevel::info, event, {{"v", value}}, LogRate::many);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
    EXPECT_GT(log_lines_lost(), 0U);
    // Let the writing thread end: read the pipe dry beside it.
    std::thread reader([fd = ends[0]] {
        char block[65536];
        while (::read(fd, block, sizeof block) > 0) {
        }
    });
    EXPECT_TRUE(stop_log());
    std::fclose(stuck);
    reader.join();
    ::close(ends[0]);
}

}  // namespace
}  // namespace sipsteer
