#pragma once

#include <cstdint>
#include <string_view>

namespace sipsteer {

/// Methods that routing tells apart; case-sensitive tokens (RFC 3261 §7.1). All others are `other`.
enum class Method : std::uint8_t {
    invite,
    ack,
    bye,
    cancel,
    options,
    register_,
    subscribe,
    notify,
    publish,
    refer,
    message,
    info,
    prack,
    update,
    other
};

[[nodiscard]] constexpr Method method_of(std::string_view token) noexcept {
    switch (token.size()) {
        case 3:
            if (token == "ACK") return Method::ack;
            if (token == "BYE") return Method::bye;
            break;
        case 4:
            if (token == "INFO") return Method::info;
            break;
        case 5:
            if (token == "REFER") return Method::refer;
            if (token == "PRACK") return Method::prack;
            break;
        case 6:
            if (token == "INVITE") return Method::invite;
            if (token == "CANCEL") return Method::cancel;
            if (token == "NOTIFY") return Method::notify;
            if (token == "UPDATE") return Method::update;
            break;
        case 7:
            if (token == "OPTIONS") return Method::options;
            if (token == "MESSAGE") return Method::message;
            if (token == "PUBLISH") return Method::publish;
            break;
        case 8:
            if (token == "REGISTER") return Method::register_;
            break;
        case 9:
            if (token == "SUBSCRIBE") return Method::subscribe;
            break;
        default: break;
    }
    return Method::other;
}

}  // namespace sipsteer
