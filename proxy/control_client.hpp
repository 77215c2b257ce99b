#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace sipsteer {

struct ControlAnswer {
    unsigned status = 0;
    std::string body;
};

/// One request to the admin socket of a running proxy, within five seconds. Else a message that says why
/// there is no answer. `method`: GET or POST; `body` of a POST.
[[nodiscard]] tl::expected<ControlAnswer, std::string> ask_proxy(const std::string& socket,
                                                                 std::string_view method,
                                                                 const std::string& target,
                                                                 std::string body = {});

}  // namespace sipsteer
