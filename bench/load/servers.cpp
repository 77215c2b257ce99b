#include "bench/load/servers.hpp"

namespace sipsteer::load {

void Servers::receive(std::uint16_t server, const Address& from, const ReceivedMessage& message,
                      std::string_view bytes, Time now) {
    if (message.status != 0) return take_response(server, message, bytes, now);
    const std::string_view method = message.method();
    if (method == "OPTIONS") return answer_options(server, from, message);
    Call* call = stage_.calls.find(message.call_number(stage_.calls.run()));
    if (call == nullptr) {
        ++stage_.tally.counts.late;
        stage_.fault_if(message.call_number(stage_.calls.run()) == 0, Fault::unknown_call, bytes);
        return;
    }
    check(*call, message, bytes);
    if (call->tries == 0) stage_.tally.one_way.add(now - call->request_sent);
    if (method == "INVITE") return take_invite(server, from, *call, message, bytes, now);
    stage_.fault_if(server != call->server, Fault::wrong_server, bytes);
    if (method == "ACK") return take_ack(*call, now);
    if (!call->acked && stage_.options.mode == Mode::calls) ++stage_.tally.counts.reordered;
    answer(server, from, message, *call, "SIP/2.0 200 OK\r\n");
}

void Servers::check(const Call& call, const ReceivedMessage& request, std::string_view bytes) const {
    const auto& lower = stage_.writer.lower_vias();
    const std::size_t added = stage_.behind_proxy() ? 1 : 0;
    stage_.fault_if(request.vias.count != lower.size() + 1 + added ||
                        !request.vias[added].starts_with(stage_.writer.via_of(call.phone)) ||
                        (added != 0 && request.vias[0].find(";branch=z9hG4bK") == std::string_view::npos),
                    Fault::via_not_added, bytes);
    for (std::size_t i = 0; i < lower.size(); ++i) {
        stage_.fault_if(request.vias[i + 1 + added] != lower[i], Fault::lower_via_changed, bytes);
    }
    stage_.fault_if(request.from.find("tag=p") == std::string_view::npos, Fault::dialog_changed, bytes);
    if (!stage_.behind_proxy()) return;
    stage_.fault_if(request.max_forwards != 69, Fault::max_forwards, bytes);
    stage_.fault_if(request.routes.count != 0, Fault::route_left, bytes);
}

void Servers::take_invite(std::uint16_t server, const Address& from, Call& call,
                          const ReceivedMessage& request, std::string_view bytes, Time now) {
    stage_.fault_if(request.body != stage_.writer.sdp(), Fault::body_changed, bytes);
    stage_.fault_if(call.server != Call::kNoServer && call.server != server, Fault::wrong_server, bytes);
    stage_.fault_if(stage_.behind_proxy() && request.record_routes.count == 0, Fault::no_record_route, bytes);
    if (call.replaces != 0) {
        const Call* replaced = stage_.calls.find(call.replaces);
        stage_.fault_if(replaced != nullptr && replaced->server != server, Fault::wrong_owner, bytes);
    }
    if (call.answered) return;  // a copy that comes late
    call.server = server;
    if (stage_.options.mode == Mode::one_way) {
        stage_.complete(call);
        return;
    }
    call.server_peer = from;
    MessageWriter::keep_routes(call.server_routes, request);
    answer(server, from, request, call, "SIP/2.0 100 Trying\r\n");
    if (call.replaces == 0) answer(server, from, request, call, "SIP/2.0 180 Ringing\r\n");
    Text text{stage_.transport.slot()};
    stage_.writer.answer(text, request, call, "SIP/2.0 200 OK\r\n", true);
    call.ok.size = static_cast<std::uint16_t>(text.size() <= call.ok.bytes.size() ? text.size() : 0);
    std::memcpy(call.ok.bytes.data(), text.view().data(), call.ok.size);
    stage_.transport.send(server, from, text.size(), call.response_sent);
    stage_.wait(call, Call::Waits::ok, now);
}

void Servers::answer(std::uint16_t server, const Address& to, const ReceivedMessage& request, Call& call,
                     std::string_view status_line) {
    Text text{stage_.transport.slot()};
    stage_.writer.answer(text, request, call, status_line, false);
    stage_.transport.send(server, to, text.size(), call.response_sent);
}

void Servers::send_ok(Call& call, Time now) {
    Text text{stage_.transport.slot()};
    text << call.ok.view();
    if (text.size() != 0)
        stage_.transport.send(call.server, call.server_peer, text.size(), call.response_sent);
    stage_.wait(call, Call::Waits::ok, now);
}

void Servers::send_bye(Call& call, Time now) {
    Text text{stage_.transport.slot()};
    stage_.writer.server_bye(text, call);
    stage_.transport.send(call.server, call.server_peer, text.size(), call.request_sent);
    stage_.wait(call, Call::Waits::server_bye, now);
}

void Servers::take_ack(Call& call, Time now) {
    if (call.acked) return;
    call.acked = true;
    if (stage_.options.mode != Mode::transfers) return;
    if (call.replaces == 0) return phones_.begin_transfer(call, now);
    stage_.wait_for_nothing(call, now);
    Call* replaced = stage_.calls.find(call.replaces);
    if (replaced != nullptr) send_bye(*replaced, now);
}

void Servers::take_response(std::uint16_t server, const ReceivedMessage& response, std::string_view bytes,
                            Time now) {
    Call* call = stage_.calls.find(response.call_number(stage_.calls.run()));
    if (call == nullptr || call->waits != Call::Waits::server_bye) {
        ++stage_.tally.counts.late;
        return;
    }
    if (call->tries == 0) stage_.tally.one_way.add(now - call->response_sent);
    stage_.fault_if(response.status != 200, Fault::unexpected_status, bytes);
    stage_.fault_if(server != call->server, Fault::wrong_server, bytes);
    stage_.fault_if(
        response.vias.count != 1 || !response.vias[0].starts_with(stage_.writer.via_of_server(server)),
        Fault::via_not_stripped, bytes);
    Call* transferred = stage_.calls.find(call->replaced_by);
    stage_.complete(*call);
    if (transferred != nullptr) phones_.send_bye(*transferred, now);
}

/// A health check, or the question whether we own a call (CSeq 0, with a To tag).
void Servers::answer_options(std::uint16_t server, const Address& to, const ReceivedMessage& request) {
    ++stage_.tally.counts.options;
    const bool in_dialog = request.to.find(";tag=") != std::string_view::npos;
    const Call* call = stage_.calls.find(request.call_number(stage_.calls.run()));
    const bool known = !in_dialog || (call != nullptr && call->server == server);
    Text text{stage_.transport.slot()};
    stage_.writer.plain_answer(
        text, request, known ? "SIP/2.0 200 OK\r\n" : "SIP/2.0 481 Call/Transaction Does Not Exist\r\n");
    stage_.transport.send(server, to, text.size(), ignored_);
}

}  // namespace sipsteer::load
