#include "proxy/resolver.hpp"

#include <algorithm>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/post.hpp>
#include <cstdlib>
#include <cstring>
#include <string>

#include "proxy/dns_query.hpp"
#include "proxy/socket_address.hpp"

namespace sipsteer {
namespace {

namespace asio = boost::asio;

/// What the system's resolver says carries no time: as long as a short TTL.
constexpr std::uint32_t kSystemTtl = 60;

}  // namespace

/// One name on its way.
class Resolver::Query : public std::enable_shared_from_this<Query> {
  public:
    Query(asio::io_context& context, const HostName& name, Done done)
        : context_(context), name_(name), lookup_(name), done_(std::move(done)), system_(context) {}

    /// Asks what is to be asked next.
    void next() {
        const DnsQuestion* const question = lookup_.question();
        if (question == nullptr) return settle();
        dns_ = std::make_shared<DnsQuery>(context_, *question,
                                          [self = shared_from_this()](const DnsAnswer& answer) {
                                              self->lookup_.answer(answer);
                                              self->next();
                                          });
        dns_->start();
    }

    [[nodiscard]] bool finished() const noexcept { return !done_; }
    void give_up() noexcept {
        done_ = nullptr;
        if (dns_ != nullptr) dns_->give_up();
        system_.cancel();
    }

  private:
    void settle() {
        const HostFound by_dns{lookup_.targets(), lookup_.ttl(), lookup_.failed()};
        if (name_.expand || !endpoints_of(by_dns.targets).empty()) return tell(by_dns);
        const std::uint16_t port = name_.port == 0 ? default_port(name_.transport) : name_.port;
        system_.async_resolve(
            name_.host, std::to_string(port),
            [self = shared_from_this()](const boost::system::error_code& error,
                                        const asio::ip::udp::resolver::results_type& results) {
                if (self->finished()) return;
                HostTarget target;
                if (!error) {
                    for (const auto& entry : results) {
                        sockaddr_storage storage{};
                        std::memcpy(&storage, entry.endpoint().data(), entry.endpoint().size());
                        target.endpoints.push_back(to_endpoint(storage, self->name_.transport));
                    }
                }
                HostFound found{{}, kSystemTtl, self->lookup_.failed()};
                if (!target.endpoints.empty()) found.targets.push_back(std::move(target));
                self->tell(found);
            });
    }

    void tell(const HostFound& found) {
        const Done done = std::move(done_);
        give_up();
        done(found);
    }

    asio::io_context& context_;
    HostName name_;
    HostLookup lookup_;
    Done done_;  ///< empty: told, or nobody wants to know any more
    asio::ip::udp::resolver system_;
    std::shared_ptr<DnsQuery> dns_;
};

Resolver::Resolver(asio::io_context& context) : context_(context) {
    // Without EDNS an answer is cut at 512 bytes: half a dozen SRV records. The library takes the option from
    // nowhere else. The first of us is made while there is no worker yet.
    ::setenv("SRES_OPTIONS", "edns0", 0);
}

Resolver::~Resolver() {
    for (const auto& query : queries_) query->give_up();
}

void Resolver::look_up(const HostName& name, Done done) {
    std::erase_if(queries_, [](const auto& query) { return query->finished(); });
    const auto query = std::make_shared<Query>(context_, name, std::move(done));
    queries_.push_back(query);
    asio::post(context_, [query] {
        if (!query->finished()) query->next();
    });
}

}  // namespace sipsteer
