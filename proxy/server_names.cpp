#include "proxy/server_names.hpp"

#include <algorithm>

#include "proxy/srv_servers.hpp"
#include "proxy/worker.hpp"

namespace sipsteer {

std::optional<HostName> fallback_name(const Config& config) {
    const Config::Transfer& transfer = config.transfer;
    if (transfer.fallback_kind != Config::FallbackKind::uri || parse_ip(transfer.fallback_host.host))
        return {};
    return HostName{transfer.fallback_host.host, transfer.fallback_host.port, transfer.fallback_transport};
}

std::vector<HostName> server_names(const Config& config) {
    std::vector<HostName> names;
    const auto add = [&names](const HostName& name) {
        if (!name.host.empty() && !parse_ip(name.host) && std::ranges::find(names, name) == names.end())
            names.push_back(name);
    };
    for (const Config::Server& server : config.servers) add(host_name(server));
    if (const auto fallback = fallback_name(config)) add(*fallback);
    return names;
}

HostAddresses resolve_now(boost::asio::io_context& context, const std::vector<HostName>& names,
                          std::chrono::milliseconds limit) {
    HostAddresses addresses;
    if (names.empty()) return addresses;
    Resolver resolver{context};
    std::size_t open = names.size();
    for (const HostName& name : names) {
        resolver.look_up(name, [&, name](const HostFound& found) {
            if (!found.targets.empty()) addresses[name] = found.targets;
            if (--open == 0) context.stop();
        });
    }
    context.run_for(limit);
    context.restart();
    return addresses;
}

ServerNames::ServerNames(boost::asio::io_context& context, HostAddresses known, Changed changed,
                         Emptied emptied)
    : book_(std::move(known)),
      changed_(std::move(changed)),
      emptied_(std::move(emptied)),
      timer_(context),
      resolver_(context) {}

void ServerNames::watch(const std::vector<HostName>& names) {
    book_.set_names(names);
    timer_.cancel();
    if (!names.empty()) look();
}

void ServerNames::look() {
    for (const HostName& name : book_.take_due(seconds_since_boot())) {
        resolver_.look_up(name, [this, name](const HostFound& found) {
            switch (book_.take(name, found, seconds_since_boot())) {
                case AddressBook::News::none: break;
                case AddressBook::News::changed: changed_(book_.addresses()); break;
                case AddressBook::News::emptied: emptied_(name); break;
            }
        });
    }
    timer_.expires_after(std::chrono::seconds{1});
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) look();
    });
}

}  // namespace sipsteer
