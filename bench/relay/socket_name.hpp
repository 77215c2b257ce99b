#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace sipsteer::bench {

/// "127.0.0.1:5060" as the kernel wants it.
inline bool read_address(std::string_view text, sockaddr_in& out) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return false;
    out = {};
    out.sin_family = AF_INET;
    std::uint16_t port = 0;
    std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
    out.sin_port = htons(port);
    return port != 0 && ::inet_pton(AF_INET, std::string{text.substr(0, colon)}.c_str(), &out.sin_addr) == 1;
}

/// A relay's command line, LISTEN SERVER...; says how it should be when it is not.
inline bool read_addresses(int argc, char** argv, sockaddr_in& listen, std::vector<sockaddr_in>& servers) {
    servers.resize(argc > 2 ? static_cast<std::size_t>(argc - 2) : 0);
    bool good = !servers.empty() && read_address(argv[1], listen);
    for (std::size_t i = 0; good && i < servers.size(); ++i) good = read_address(argv[i + 2], servers[i]);
    if (!good) std::fprintf(stderr, "usage: %s LISTEN SERVER...   (addresses as 127.0.0.1:5060)\n", argv[0]);
    return good;
}

}  // namespace sipsteer::bench
