#include "proxy/dns_query.hpp"

#include <sofia-resolv/sres.h>
#include <sofia-resolv/sres_async.h>
#include <sofia-resolv/sres_record.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cstring>
#include <span>
#include <string>

#include "proxy/name_servers.hpp"

namespace sipsteer {
namespace {

namespace asio = boost::asio;

/// How often sofia's resolver looks whether to ask again.
constexpr std::chrono::milliseconds kTick{250};
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

DnsQuery::DnsQuery(asio::io_context& context, DnsQuestion question, Done done)
    : context_(context), question_(std::move(question)), done_(std::move(done)), timer_(context) {}

DnsQuery::~DnsQuery() {
    for (auto& socket : sockets_) static_cast<void>(socket.release());
    if (sofia_ != nullptr) sres_resolver_unref(sofia_);
}

void DnsQuery::start() {
    if (!ask()) return take({{}, 0, true});
    tick();
}

void DnsQuery::give_up() noexcept {
    done_ = nullptr;
    timer_.cancel();
    for (auto& socket : sockets_) socket.cancel();
}

bool DnsQuery::ask() {
    const auto servers = NameServers::reachable();
    if (!servers) return false;
    sofia_ = sres_resolver_new(servers->path().c_str());
    if (sofia_ == nullptr || !open_sockets()) return false;
    const auto answered = [](sres_context_t* context, sres_query_t*, sres_record_t** answers) {
        auto& self = *reinterpret_cast<DnsQuery*>(context);
        std::size_t count = 0;
        while (answers != nullptr && answers[count] != nullptr) ++count;
        DnsAnswer answer = answer_of(self.question_.type, {answers, count});
        sres_free_answers(self.sofia_, answers);
        self.take(std::move(answer));
    };
    return sres_query(sofia_, answered, reinterpret_cast<sres_context_t*>(this), type_number(question_.type),
                      question_.name.c_str()) != nullptr;
}

/// All at once, so that sofia opens none later, when the route may be gone (see NameServers).
bool DnsQuery::open_sockets() {
    std::array<sres_socket_t, SRES_MAX_NAMESERVERS> opened{};
    const int count = sres_resolver_sockets(sofia_, opened.data(), static_cast<int>(opened.size()));
    bool all = count > 0;
    for (const sres_socket_t socket : std::span{opened}.first(static_cast<std::size_t>(std::max(count, 0)))) {
        if (socket < 0) {
            all = false;
        } else {
            // A datagram with a wrong checksum wakes us and is not there.
            boost::system::error_code ignored;
            sockets_.emplace_back(context_, socket).native_non_blocking(true, ignored);
        }
    }
    if (all) {
        for (auto& socket : sockets_) wait(socket);
    }
    return all;
}

void DnsQuery::wait(asio::posix::stream_descriptor& socket) {
    socket.async_wait(asio::posix::stream_descriptor::wait_read,
                      [self = shared_from_this(), &socket](const boost::system::error_code& error) {
                          if (error || !self->done_) return;
                          // Nothing to read: an ICMP error waits, and would wake us for ever.
                          const int fd = socket.native_handle();
                          if (sres_resolver_receive(self->sofia_, fd) == 0)
                              sres_resolver_error(self->sofia_, fd);
                          self->wait(socket);
                      });
}

void DnsQuery::tick() {
    timer_.expires_after(kTick);
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
        if (error || !self->done_) return;
        sres_resolver_timer(self->sofia_, -1);
        self->tick();
    });
}

/// Told when sofia's call is over.
void DnsQuery::take(DnsAnswer answer) {
    asio::post(context_, [self = shared_from_this(), answer = std::move(answer)] {
        if (!self->done_) return;
        const Done done = std::move(self->done_);
        self->give_up();
        done(answer);
    });
}

}  // namespace sipsteer
