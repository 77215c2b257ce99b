#include "proxy/resolver.hpp"

#include <sofia-resolv/sres.h>
#include <sofia-resolv/sres_async.h>
#include <sofia-resolv/sres_record.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdlib>
#include <cstring>
#include <map>
#include <span>
#include <string>

#include "proxy/socket_address.hpp"

namespace sipsteer {
namespace {

namespace asio = boost::asio;

/// How often sofia's resolver looks whether to ask again.
constexpr std::chrono::milliseconds kTick{250};
/// What the system's resolver says carries no time: as long as a short TTL.
constexpr std::uint32_t kSystemTtl = 60;

std::uint16_t type_number(DnsType type) noexcept {
    switch (type) {
        case DnsType::naptr: return sres_type_naptr;
        case DnsType::srv: return sres_type_srv;
        case DnsType::aaaa: return sres_type_aaaa;
        case DnsType::a: break;
    }
    return sres_type_a;
}

std::string text_of(const char* text) { return text == nullptr ? std::string{} : std::string{text}; }

DnsRecord record_of(const sres_record_t& from) {
    DnsRecord record;
    switch (from.sr_record->r_type) {
        case sres_type_a: std::memcpy(record.address.bytes.data(), &from.sr_a->a_addr, 4); break;
        case sres_type_aaaa:
            std::memcpy(record.address.bytes.data(), &from.sr_aaaa->aaaa_addr, 16);
            record.address.v6 = true;
            break;
        case sres_type_srv:
            record.priority = from.sr_srv->srv_priority;
            record.weight = from.sr_srv->srv_weight;
            record.port = from.sr_srv->srv_port;
            record.target = text_of(from.sr_srv->srv_target);
            break;
        case sres_type_naptr:
            record.priority = from.sr_naptr->na_order;
            record.weight = from.sr_naptr->na_prefer;
            record.target = text_of(from.sr_naptr->na_replace);
            record.service = text_of(from.sr_naptr->na_services);
            std::ranges::transform(record.service, record.service.begin(), [](char c) {
                return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
            });
            break;
        default: break;
    }
    return record;
}

/// Records of that type; a failure when DNS gave neither them nor a word that there are none.
DnsAnswer answer_of(DnsType type, std::span<sres_record_t* const> records) {
    DnsAnswer answer;
    answer.ttl = ~std::uint32_t{0};
    bool denied = false;
    for (const sres_record_t* record : records) {
        const auto& common = *record->sr_record;
        if (common.r_status == SRES_NAME_ERR || common.r_status == SRES_RECORD_ERR) denied = true;
        if (common.r_status != SRES_OK || common.r_type != type_number(type)) continue;
        answer.records.push_back(record_of(*record));
        answer.ttl = std::min(answer.ttl, common.r_ttl);
    }
    answer.failed = answer.records.empty() && !denied;
    return answer;
}

}  // namespace

/// One name on its way. A resolver of its own, and so no cache: whoever asks again wants to know.
class Resolver::Query : public std::enable_shared_from_this<Query> {
  public:
    Query(asio::io_context& context, const HostName& name, Done done)
        : context_(context),
          name_(name),
          lookup_(name),
          done_(std::move(done)),
          timer_(context),
          system_(context) {}

    ~Query() {
        if (dns_ != nullptr) sres_resolver_unref(dns_);
    }
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;

    void start() {
        dns_ = sres_resolver_new(nullptr);
        if (dns_ != nullptr)
            sres_resolver_set_async(dns_, &Query::update, reinterpret_cast<sres_async_t*>(this), 1);
        next();
    }

    [[nodiscard]] bool finished() const noexcept { return !done_; }
    void give_up() noexcept {
        done_ = nullptr;
        timer_.cancel();
        system_.cancel();
        for (const auto& socket : sockets_) socket.second->cancel();
    }

  private:
    /// sofia opens and closes the sockets; we only wait on them.
    static int update(sres_async_t* async, sres_socket_t opened, sres_socket_t closed) {
        auto& self = *reinterpret_cast<Query*>(async);
        if (const auto found = self.sockets_.find(closed); found != self.sockets_.end()) {
            static_cast<void>(found->second->release());
            self.sockets_.erase(found);
        }
        if (opened >= 0) {
            self.sockets_[opened] = std::make_unique<asio::posix::stream_descriptor>(self.context_, opened);
            self.wait(opened);
        }
        return 0;
    }

    void wait(sres_socket_t socket) {
        const auto found = sockets_.find(socket);
        if (found == sockets_.end()) return;
        found->second->async_wait(
            asio::posix::stream_descriptor::wait_read,
            [self = shared_from_this(), socket](const boost::system::error_code& error) {
                if (error || self->finished()) return;
                // Nothing to read: an ICMP error waits, and would wake us for ever.
                if (sres_resolver_receive(self->dns_, socket) == 0) sres_resolver_error(self->dns_, socket);
                self->wait(socket);
            });
    }

    void tick() {
        timer_.expires_after(kTick);
        timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
            if (error || self->finished()) return;
            sres_resolver_timer(self->dns_, -1);
            self->tick();
        });
    }

    void next() {
        const DnsQuestion* const question = lookup_.question();
        if (question == nullptr) return settle();
        asked_ = question->type;
        if (dns_ == nullptr || sres_query(dns_, &Query::answered, reinterpret_cast<sres_context_t*>(this),
                                          type_number(asked_), question->name.c_str()) == nullptr) {
            take({{}, 0, true});
            return;
        }
        if (!ticking_) tick();
        ticking_ = true;
    }

    static void answered(sres_context_t* context, sres_query_t*, sres_record_t** answers) {
        auto& self = *reinterpret_cast<Query*>(context);
        std::size_t count = 0;
        while (answers != nullptr && answers[count] != nullptr) ++count;
        DnsAnswer answer = answer_of(self.asked_, {answers, count});
        sres_free_answers(self.dns_, answers);
        self.take(std::move(answer));
    }

    /// The next question goes out when sofia's call is over.
    void take(DnsAnswer answer) {
        asio::post(context_, [self = shared_from_this(), answer = std::move(answer)] {
            if (self->finished()) return;
            self->lookup_.answer(answer);
            self->next();
        });
    }

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
    asio::steady_timer timer_;
    asio::ip::udp::resolver system_;
    std::map<sres_socket_t, std::unique_ptr<asio::posix::stream_descriptor>> sockets_;
    sres_resolver_t* dns_ = nullptr;
    DnsType asked_ = DnsType::a;
    bool ticking_ = false;
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
        if (!query->finished()) query->start();
    });
}

}  // namespace sipsteer
