#include "proxy/admin_socket.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cstdlib>
#include <filesystem>

namespace sipsteer {
namespace {

namespace fs = std::filesystem;

struct AdminSocket : testing::Test {
    const fs::path folder = fs::temp_directory_path() / ("admin-socket-" + std::to_string(::getpid()));

    void SetUp() override {
        fs::create_directory(folder);
        fs::permissions(folder, fs::perms::all);
        ::unsetenv("RUNTIME_DIRECTORY");
        ::setenv("XDG_RUNTIME_DIR", folder.c_str(), 1);
    }
    void TearDown() override {
        ::unsetenv("RUNTIME_DIRECTORY");
        ::unsetenv("XDG_RUNTIME_DIR");
        fs::remove_all(folder);
    }
};

TEST_F(AdminSocket, OfAServiceIsInItsOwnFolder) {
    const std::string list = folder.string() + ":/nonexistent";
    ::setenv("RUNTIME_DIRECTORY", list.c_str(), 1);
    EXPECT_EQ(default_admin_socket(), folder / "admin.sock");
    EXPECT_EQ(find_admin_socket(), folder / "admin.sock");
}

TEST_F(AdminSocket, OfAUserIsInTheUsersFolder) {
    const bool root = ::geteuid() == 0;
    if (root) {
        ASSERT_EQ(::seteuid(65534), 0);  // whom /run/sipsteer is closed to
    }
    const std::string place = default_admin_socket();
    if (root) {
        ASSERT_EQ(::seteuid(0), 0);
    }
    EXPECT_EQ(place, folder / "admin.sock");
}

TEST_F(AdminSocket, OfAUserIsFoundWhereItIs) {
    if (fs::exists("/run/sipsteer/admin.sock"))
        GTEST_SKIP() << "a sipsteer of root runs here, and comes first";
    EXPECT_EQ(find_admin_socket(), "/run/sipsteer/admin.sock") << "none is there: the first place";
    boost::asio::io_context context;
    const boost::asio::local::stream_protocol::acceptor there{context, (folder / "admin.sock").string()};
    EXPECT_EQ(find_admin_socket(), folder / "admin.sock");
}

}  // namespace
}  // namespace sipsteer
