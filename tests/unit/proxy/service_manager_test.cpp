#include "proxy/service_manager.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>

namespace sipsteer {
namespace {

using std::chrono::milliseconds;

struct ServiceManagerTest : testing::Test {
    boost::asio::io_context context;
    std::string path =
        std::filesystem::temp_directory_path() / ("service-manager-" + std::to_string(::getpid()));
    int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool alive = true;

    void SetUp() override {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        ASSERT_LT(path.size(), sizeof address.sun_path);
        path.copy(address.sun_path, path.size());
        ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
    }
    void TearDown() override {
        for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
        ::close(fd);
        std::filesystem::remove(path);
    }
    ServiceManager manager() {
        return {context, [] { return "2 of 2"; }, [this] { return alive; }};
    }
    std::string heard() const {
        std::array<char, 256> room{};
        const ssize_t size = ::recv(fd, room.data(), room.size(), MSG_DONTWAIT);
        return {room.data(), size < 0 ? 0 : static_cast<std::size_t>(size)};
    }
    int fed() const {
        int count = 0;
        for (std::string word = heard(); !word.empty(); word = heard()) count += word == "WATCHDOG=1\n";
        return count;
    }
};

TEST_F(ServiceManagerTest, SaysWhatHappens) {
    ServiceManager told = manager();
    EXPECT_EQ(heard(), "");
    told.ready();
    EXPECT_EQ(heard(), "READY=1\nSTATUS=2 of 2\n");
    told.reloading();
    EXPECT_TRUE(heard().starts_with("RELOADING=1\nMONOTONIC_USEC="));
    told.ready();
    EXPECT_EQ(heard(), "READY=1\nSTATUS=2 of 2\n");
    told.stopping();
    EXPECT_TRUE(heard().starts_with("STOPPING=1\n"));
    told.reloading();
    told.ready();
    EXPECT_EQ(heard(), "") << "there is no way back";
}

TEST_F(ServiceManagerTest, FeedsTheWatchdogWhileAllIsAlive) {
    ::setenv("WATCHDOG_USEC", "200000", 1);
    ServiceManager told = manager();
    told.ready();
    context.run_for(milliseconds{220});
    EXPECT_GE(fed(), 2);
    alive = false;
    context.run_for(milliseconds{220});
    EXPECT_EQ(fed(), 0);
}

TEST_F(ServiceManagerTest, AWatchdogOfAnotherProcessIsNotOurs) {
    ::setenv("WATCHDOG_USEC", "20000", 1);
    ::setenv("WATCHDOG_PID", "1", 1);
    ServiceManager told = manager();
    told.ready();
    context.run_for(milliseconds{50});
    EXPECT_EQ(fed(), 0);
}

TEST_F(ServiceManagerTest, NobodyWantsToKnow) {
    ::unsetenv("NOTIFY_SOCKET");
    ::setenv("WATCHDOG_USEC", "20000", 1);
    ServiceManager told = manager();
    told.ready();
    told.stopping();
    EXPECT_EQ(context.run_for(milliseconds{50}), 0U) << "no timer runs for nobody";
    EXPECT_EQ(heard(), "");
}

}  // namespace
}  // namespace sipsteer
