#include "wire_run.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "parser/stream_framer.hpp"
#include "proxy/config_values.hpp"
#include "test_proxy.hpp"

namespace sipsteer::test {
namespace {

/// Ends the case: what follows would only repeat the failure.
struct CaseFailed {};

std::string what_became(const Sent& sent) {
    switch (sent.outcome.what) {
        case Outcome::What::forwarded: return "forwarded to " + sent.to();
        case Outcome::What::answered: return "answered to " + sent.to();
        case Outcome::What::absorbed: return "absorbed";
        case Outcome::What::dropped: return "dropped, " + std::string{to_string(sent.outcome.drop)};
        case Outcome::What::held: return "held";
        case Outcome::What::probe_answer: return "taken as the answer to a probe";
        case Outcome::What::nothing: break;
    }
    return "no message (keepalive)";
}

/// The word that a `nothing` block names.
std::string_view silence_word(const Sent& sent) {
    switch (sent.outcome.what) {
        case Outcome::What::dropped: return to_string(sent.outcome.drop);
        case Outcome::What::absorbed: return "absorbed";
        case Outcome::What::held: return "held";
        case Outcome::What::probe_answer: return "probe_answer";
        default: return "keepalive";
    }
}

class Player {
  public:
    Player(const WireCase& wire_case, MetReasons& met) : case_(wire_case), met_(met) {}

    void play() {
        for (const WireBlock& block : case_.blocks) {
            try {
                play(block);
            } catch (const std::exception& error) {
                fail(block.line, error.what());
            }
        }
        expect_nothing_open(case_.blocks.empty() ? case_.line : case_.blocks.back().line);
        if (!released_.empty()) fail(case_.blocks.back().line, "more of what waited goes on than expected");
        if (!sent_) fail(case_.line, "the case sends nothing");
        if (!proxy_->counter_law_holds())
            fail(case_.line, "received is not the sum of what became of the messages");
    }

  private:
    [[noreturn]] void fail(int line, const std::string& what) const {
        ADD_FAILURE_AT(case_.file.c_str(), line) << what;
        throw CaseFailed{};
    }

    void play(const WireBlock& block) {
        const std::string& kind = block.kind();
        if (kind == "toml") return configure(block);
        if (kind == "part") {
            if (block.words.size() != 2) fail(block.line, "part NAME");
            parts_[block.words[1]] = block.lines;
            return;
        }
        start(block.line);
        if (kind == "to") return expect_sent(block);
        if (kind == "nothing") return expect_silence(block);
        if (kind == "probe") return expect_probe(block);
        if (kind == "lookup") return expect_lookup(block);
        expect_nothing_open(block.line);
        if (kind == "released") return release(block);
        if (kind == "from") return send(block);
        if (kind == "again") return send_again(block);
        if (kind == "wait") return proxy_->wait(duration(block));
        if (kind == "counters") return expect_counters(block);
        if (kind == "servers") return set_servers(block);
        if (kind == "dns") return answer_names(block);
        if (kind == "restart") return restart(block);
    }

    void configure(const WireBlock& block) {
        expect_nothing_open(block.line);
        toml_ = block.text();
        if (proxy_) proxy_->use(snapshot_of(toml_, key_));
    }

    /// Made when the first message comes, so that a case's own toml block stands for its file's.
    void start(int line) {
        if (proxy_) return;
        if (toml_.empty()) fail(line, "a toml block must come first");
        proxy_.emplace(snapshot_of(toml_, key_), max_calls_of(toml_));
    }

    void send(const WireBlock& block) {
        if (block.words.size() < 2)
            fail(block.line, "from ADDRESS [at LISTENER] [on CONNECTION] [raw] [unsendable]");
        bytes_.clear();
        for (const WireLine& line : compose(block.lines, parts_, block.has("raw")))
            bytes_ += bindings_.fill(line.text);
        from_ = endpoint_of(bindings_.fill(block.words[1]));
        const std::string_view at = block.value_of("at");
        listener_ = at.empty() ? listener_for(from_.transport) : listener_of(proxy_->snapshot(), at);
        connection_ = connection_of(block);
        sent_ = deliver(!block.has("unsendable"));
        sent_line_ = block.line;
        expected_ = false;
    }

    /// Streams are cut into messages first, as by a connection; one block is one message.
    Sent deliver(bool kernel_takes_it) {
        if (from_.transport == Transport::tcp || from_.transport == Transport::tls) {
            StreamFramer framer{proxy_->snapshot().message_bytes};
            const StreamFrame frame = framer.next(bytes_);
            if (frame.what == StreamFrame::What::broken) {
                Sent sent = proxy_->break_stream(std::string_view{bytes_}.substr(0, frame.size), from_,
                                                 listener_, connection_, frame.error);
                note(sent);
                return sent;
            }
            if (frame.what != StreamFrame::What::message || frame.size != bytes_.size())
                throw std::runtime_error("the block is not one message of a stream");
        }
        Sent sent = proxy_->deliver(bytes_, from_, listener_, kernel_takes_it, connection_);
        probes_ = proxy_->probes();
        name_asked_ = proxy_->name_asked();
        note(sent);
        if (sent.outcome.sends() && !kernel_takes_it) met_.emplace(to_string(DropReason::send_failed));
        return sent;
    }

    /// The first of that transport, else the first.
    ListenerIndex listener_for(Transport transport) const {
        const auto& all = proxy_->snapshot().local.listeners();
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (all[i].bind.transport == transport) return static_cast<ListenerIndex>(i);
        }
        return 0;
    }

    /// The connection that a block names; over a stream without a name one of its own for each address.
    ConnectionId connection_of(const WireBlock& block) {
        const std::string_view name = block.value_of("on");
        if (name.empty() && !is_stream(from_.transport)) return kNoConnection;
        const std::string key = name.empty() ? text_of(from_) : std::string{name};
        return connections_.emplace(key, 0xc0ffee00 + connections_.size()).first->second;
    }

    void note(const Sent& sent) {
        const bool decided = sent.outcome.sends() || sent.outcome.what == Outcome::What::absorbed ||
                             sent.outcome.what == Outcome::What::dropped;
        if (decided) met_.emplace(to_string(sent.outcome.reason));
        if (sent.outcome.what == Outcome::What::dropped) met_.emplace(to_string(sent.outcome.drop));
    }

    /// The next of what waited for an answer goes on.
    void release(const WireBlock& block) {
        for (Sent& sent : proxy_->release()) {
            note(sent);
            released_.push_back(std::move(sent));
        }
        if (released_.empty()) {
            if (block.words.size() > 1 && block.words[1] == "nothing") return;
            fail(block.line, "nothing that waited goes on");
        }
        sent_ = std::move(released_.front());
        released_.pop_front();
        sent_line_ = block.line;
        expected_ = false;
        expect_sent(block);
    }

    void expect_probe(const WireBlock& block) {
        if (block.words.size() < 2) fail(block.line, "probe ADDRESS");
        if (probes_.empty()) fail(block.line, "no probe goes out");
        const Probe probe = probes_.front();
        probes_.erase(probes_.begin());
        if (text_of(probe.to) != block.words[1]) {
            fail(block.line, "the probe goes to " + text_of(probe.to) + "\n" + printable(probe.bytes));
        }
        expect_bytes(block, probe.bytes);
    }

    void expect_lookup(const WireBlock& block) {
        if (block.words.size() != 2) fail(block.line, "lookup HOST[:PORT][;TRANSPORT]");
        if (name_asked_ != block.words[1])
            fail(block.line, name_asked_.empty() ? "no name is looked up" : "looked up is " + name_asked_);
        name_asked_.clear();
    }

    /// Lines `URI ttl=N ADDRESS[/PRIORITY/WEIGHT]...`, `URI none`, `URI fails`.
    void answer_names(const WireBlock& block) {
        for (const WireLine& line : block.lines) {
            std::istringstream words{line.text};
            std::string uri;
            std::string word;
            std::vector<HopAddress> addresses;
            HopAnswer answer;
            words >> uri;
            while (words >> word) {
                if (word == "none") continue;
                if (word == "fails") {
                    answer.failed = true;
                } else if (word.starts_with("ttl=")) {
                    answer.ttl = static_cast<Seconds>(std::stoul(word.substr(4)));
                } else {
                    std::istringstream parts{word};
                    std::string address;
                    HopAddress hop;
                    char slash = 0;
                    std::getline(parts, address, '/');
                    hop.endpoint = endpoint_of(address);
                    parts >> hop.priority >> slash >> hop.weight;
                    hop.weight = std::max(hop.weight, 1U);
                    addresses.push_back(hop);
                }
            }
            answer.addresses = addresses;
            proxy_->resolve(uri, answer);
        }
    }

    void send_again(const WireBlock& block) {
        if (!sent_) fail(block.line, "nothing was sent before");
        const int times = block.words.size() > 1 ? std::stoi(block.words[1]) : 1;
        for (int i = 0; i < times; ++i) {
            const Sent again = deliver(true);
            if (again.bytes != sent_->bytes || again.to() != sent_->to()) {
                fail(block.line, "the repeated message came out otherwise: " + what_became(again) + "\n" +
                                     printable(again.bytes));
            }
        }
    }

    void expect_nothing_open(int line) const {
        if (!probes_.empty()) {
            fail(line, "a probe that no block expects goes to " + text_of(probes_.front().to) + "\n" +
                           printable(probes_.front().bytes));
        }
        if (!name_asked_.empty()) fail(line, "a name that no block expects is looked up: " + name_asked_);
        if (sent_ && !expected_) {
            fail(line, "the message of line " + std::to_string(sent_line_) + " was " + what_became(*sent_) +
                           " as " + std::string{to_string(sent_->outcome.reason)} +
                           ", and no block says what should come of it\n" + printable(sent_->bytes));
        }
    }

    const Sent& take(int line) {
        if (!sent_ || expected_) fail(line, "no message came in before this");
        expected_ = true;
        return *sent_;
    }

    void expect_sent(const WireBlock& block) {
        if (block.words.size() < 2)
            fail(block.line, "to ADDRESS [via LISTENER] [on CONNECTION] [as REASON] [raw]");
        const Sent& sent = take(block.line);
        const std::string happened = what_became(sent) + " as " +
                                     std::string{to_string(sent.outcome.reason)} + "\n" +
                                     printable(sent.bytes);
        if (!sent.outcome.sends()) fail(block.line, "nothing goes out: " + happened);
        const std::string to = sent.to();
        std::string_view rest = to;
        if (!bindings_.match(block.words[1], rest) || !rest.empty()) {
            fail(block.line, "expected to " + bindings_.show(block.words[1]) + ", but " + happened);
        }
        const std::string_view via = block.value_of("via");
        if (!via.empty() && listener_of(proxy_->snapshot(), via) != sent.outcome.listener) {
            fail(block.line, "sent from listener " +
                                 text_of(proxy_->snapshot().local[sent.outcome.listener].bind) + ": " +
                                 happened);
        }
        if (const std::string_view on = block.value_of("on"); !on.empty()) {
            const auto named = connections_.find(on);
            const ConnectionId wanted = named == connections_.end() ? kNoConnection : named->second;
            if (sent.outcome.connection != wanted) fail(block.line, "not on that connection: " + happened);
        }
        expect_reason(block.line, block.value_of("as"), happened);
        expect_bytes(block, sent.bytes);
    }

    void expect_bytes(const WireBlock& block, std::string_view actual) {
        std::string_view rest = actual;
        for (const WireLine& line : compose(block.lines, parts_, block.has("raw"))) {
            if (bindings_.match(line.text, rest)) continue;
            const std::size_t end = rest.find('\n');
            fail(line.line, "- " + printable(bindings_.show(line.text)) + "+ " +
                                (rest.empty() ? "(end of the message)\n"
                                              : printable(rest.substr(
                                                    0, end == std::string_view::npos ? end : end + 1))) +
                                "in\n" + printable(actual));
        }
        if (!rest.empty())
            fail(block.line,
                 "more goes out than expected:\n+ " + printable(rest) + "in\n" + printable(actual));
    }

    void expect_silence(const WireBlock& block) {
        const Sent& sent = take(block.line);
        const std::string happened = what_became(sent) + " as " +
                                     std::string{to_string(sent.outcome.reason)} + "\n" +
                                     printable(sent.bytes);
        if (sent.outcome.sends()) fail(block.line, "expected nothing, but " + happened);
        if (block.words.size() > 1 && block.words[1] != "as" && block.words[1] != silence_word(sent)) {
            fail(block.line, "expected " + block.words[1] + ", but " + happened);
        }
        expect_reason(block.line, block.value_of("as"), happened);
    }

    void expect_reason(int line, std::string_view wanted, const std::string& happened) const {
        if (wanted.empty() || wanted == to_string(sent_->outcome.reason)) return;
        fail(line, "expected as " + std::string{wanted} + ", but " + happened);
    }

    void expect_counters(const WireBlock& block) const {
        for (const WireLine& line : block.lines) {
            std::istringstream words{line.text};
            std::string name;
            std::uint64_t value = 0;
            if (!(words >> name)) continue;
            if (!(words >> value)) fail(line.line, "NAME VALUE");
            const auto actual = proxy_->counter(name);
            if (!actual) fail(line.line, "no such counter: " + name);
            if (*actual != value) fail(line.line, name + " is " + std::to_string(*actual));
        }
    }

    void set_servers(const WireBlock& block) {
        for (const WireLine& line : block.lines) {
            std::istringstream words{line.text};
            std::string name;
            std::string state;
            words >> name >> state;
            if (state == "probed") {
                proxy_->believe(name);
            } else if (state == "up" || state == "down") {
                proxy_->use(with_server(proxy_->snapshot(), name, state == "up"));
            } else {
                fail(line.line, "NAME up|down|probed");
            }
        }
    }

    void restart(const WireBlock& block) {
        if (block.has("new-key")) key_ = fixed_key(2);
        proxy_->use(snapshot_of(toml_, key_));
        proxy_->forget();
    }

    std::chrono::milliseconds duration(const WireBlock& block) const {
        const auto read = parse_duration(block.words.size() == 2 ? block.words[1] : "");
        if (!read) fail(block.line, "wait DURATION");
        return *read;
    }

    const WireCase& case_;
    MetReasons& met_;
    ClusterKey key_ = fixed_key();
    std::string toml_;
    std::optional<TestProxy> proxy_;
    WireParts parts_;
    WireBindings bindings_;

    std::string bytes_;  ///< of the last `from`
    Endpoint from_;
    ListenerIndex listener_ = 0;
    ConnectionId connection_ = kNoConnection;
    std::map<std::string, ConnectionId, std::less<>> connections_;
    std::optional<Sent> sent_;
    std::vector<Probe> probes_;  ///< that no block has expected yet
    std::string name_asked_;     ///< likewise
    std::deque<Sent> released_;  ///< likewise
    int sent_line_ = 0;
    bool expected_ = false;  ///< a block has said what should come of it
};

}  // namespace

void run_wire_case(const WireCase& wire_case, MetReasons& met) {
    try {
        Player{wire_case, met}.play();
    } catch (const CaseFailed&) {
    }
}

}  // namespace sipsteer::test
