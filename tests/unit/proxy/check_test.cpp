#include "proxy/check.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "proxy/table_file.hpp"

namespace sipsteer {
namespace {

namespace fs = std::filesystem;

class Check : public testing::Test {
  protected:
    void SetUp() override {
        fs::create_directory(folder_);
        if (::geteuid() == 0) fs::permissions(folder_, fs::perms::all);  // for nobody, see no_root()
    }
    void TearDown() override {
        if (::getuid() == 0) {
            EXPECT_EQ(::seteuid(0), 0);
        }
        fs::permissions(folder_, fs::perms::all);
        fs::remove_all(folder_);
    }

    void write(const std::string& toml) const {
        fs::remove(path_);  // it may be root's
        std::ofstream(path_) << toml;
    }
    /// A good file with that key in [process], on line 2; what `check` says of it.
    std::string with_key(const std::string& key) const {
        write("[process]\n" + key +
              "\n[listen]\nudp = [\"127.0.0.1:5060\"]\n[transfer]\nunmatched = \"reject\"\n" +
              "[[server]]\nname = \"a\"\nuri = \"sip:127.0.1.1\"\n");
        std::ostringstream out;
        const int status = run_check({path_, false}, out);
        EXPECT_EQ(status == 0, out.str().find("config ok") != std::string::npos) << out.str();
        return out.str();
    }
    std::string file(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ / name) << text;
        return (folder_ / name).string();
    }
    std::vector<std::string> files() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(folder_)) names.push_back(entry.path().filename());
        std::ranges::sort(names);
        return names;
    }
    /// From here on permissions count.
    static void no_root() {
        if (::geteuid() == 0) {
            ASSERT_EQ(::seteuid(65534), 0);
        }
    }

    const fs::path folder_ = fs::temp_directory_path() / ("sipsteer-check-" + std::to_string(::getpid()));
    const std::string path_ = (folder_ / "x.toml").string();
};

TEST_F(Check, Good) {
    write(
        "[listen]\nudp = [\"127.0.0.1:5060\", \"127.0.0.1:5070\"]\n[transfer]\nunmatched = \"reject\"\n"
        "[[server]]\nname = \"a\"\nuri = \"sip:127.0.1.1\"\n");
    std::ostringstream out;
    EXPECT_EQ(run_check({path_, false}, out), 0);
    EXPECT_EQ(out.str(), "config ok: 2 listeners, 1 server\n");
    std::ostringstream json;
    EXPECT_EQ(run_check({path_, true}, json), 0);
    EXPECT_EQ(json.str(), "{\"ok\":true,\"file\":\"" + path_ +
                              "\",\"listeners\":2,\"servers\":1,\"errors\":[],\"warnings\":[]}\n");
}

TEST_F(Check, Bad) {
    write("[listen]\nudp = [\"127.0.0.1:5060\"]\n[log]\nlevel = \"x\"\n[[server]]\nname = \"a\"\n");
    std::ostringstream out;
    EXPECT_EQ(run_check({path_, false}, out), 1);
    EXPECT_EQ(out.str(),
              path_ + ":4:9: log.level: \"x\" is none of trace, debug, info, warning, error, off\n" + path_ +
                  ":5:1: server.uri: is required\nwarning: " + path_ +
                  ":1:1: transfer.unmatched: \"fallback\" without transfer.fallback: a transfer that "
                  "matches no call is answered 481\nconfig bad: 2 errors, 1 warning\n");
    std::ostringstream json;
    EXPECT_EQ(run_check({path_, true}, json), 1);
    EXPECT_NE(json.str().find(R"("line":4,"column":9,"key":"log.level","message":"\"x\" is none of )"),
              std::string::npos)
        << json.str();
}

std::string bad(const std::string& line) { return line + "\nconfig bad: 1 error\n"; }

constexpr const char* kOk = "config ok: 1 listener, 1 server\n";

TEST_F(Check, AKeyFileThatARunWouldRefuse) {
    const std::string at = path_ + ":2:12: process.key_file: key file ";
    const std::string garbage = file("garbage", "x");
    EXPECT_EQ(with_key("key_file = \"garbage\""),
              bad(at + garbage + ": not a key: 64 hex digits are expected"));
    fs::create_directory(folder_ / "folder");
    EXPECT_EQ(with_key("key_file = \"folder\""),
              bad(at + (folder_ / "folder").string() + ": Is a directory"));
    const std::string key = file("key", std::string(64, 'a') + "\n");
    EXPECT_EQ(with_key("key_file = \"key\""), kOk);
    fs::permissions(key, fs::perms::none);
    no_root();
    EXPECT_EQ(with_key("key_file = \"key\""), bad(at + key + ": Permission denied"));
}

TEST_F(Check, AKeyFileThatIsNotThereYet) {
    EXPECT_NE(with_key("key_file = \"key\"").find("is not there yet"), std::string::npos);
    EXPECT_EQ(files(), std::vector<std::string>{"x.toml"}) << "nothing is made";
}

TEST_F(Check, ATableFileThatARunWouldRefuse) {
    const std::string at = path_ + ":2:14: process.table_file: table file ";
    const std::string other = file("other", "[process]\nworkers = 1\n");
    EXPECT_EQ(with_key("table_file = \"other\""),
              bad(at + other + ": is none of ours: name another one, or remove it"));
    const std::string kilobytes = file("kilobytes", std::string(9000, '\0'));
    EXPECT_NE(with_key("table_file = \"kilobytes\"").find(kilobytes + ": is none of ours"),
              std::string::npos);
    fs::create_directory(folder_ / "folder");
    EXPECT_EQ(with_key("table_file = \"folder\""),
              bad(at + (folder_ / "folder").string() + ": Is a directory"));
    file("cut", "sipsteer-tables");
    EXPECT_NE(with_key("table_file = \"cut\"").find("none of ours"), std::string::npos);
    file("empty", "");
    EXPECT_EQ(with_key("table_file = \"empty\""), kOk);
    EXPECT_EQ(with_key("table_file = \"none\""), kOk);
    EXPECT_FALSE(fs::exists(folder_ / "none"));
}

TEST_F(Check, ATableFileOfARunningProxyIsFine) {
    const std::string tables = (folder_ / "tables").string();
    auto running = TableFile::open(tables, 100, ClusterKey::derive({1}), BootTime::now());
    ASSERT_EQ(running.error, "");
    Tables filled{100, running.file->memory()};
    ASSERT_EQ(running.file->take_over(filled), "");
    EXPECT_EQ(with_key("table_file = \"tables\""), kOk);
    fs::permissions(tables, fs::perms::none);
    no_root();
    EXPECT_NE(with_key("table_file = \"tables\"").find(tables + ": Permission denied"), std::string::npos);
}

TEST_F(Check, AFolderThatNothingCanBeMadeIn) {
    const fs::path closed = folder_ / "closed";
    fs::create_directory(closed);
    fs::permissions(closed, fs::perms::owner_read | fs::perms::owner_exec | fs::perms::others_read |
                                fs::perms::others_exec);
    no_root();
    EXPECT_NE(with_key("key_file = \"closed/key\"")
                  .find("process.key_file: key file " + (closed / "key").string() + ": Permission denied"),
              std::string::npos);
    EXPECT_NE(
        with_key("table_file = \"closed/tables\"")
            .find("process.table_file: table file " + (closed / "tables").string() + ": Permission denied"),
        std::string::npos);
}

}  // namespace
}  // namespace sipsteer
