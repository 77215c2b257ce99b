#include "bench/load/phones.hpp"

namespace sipsteer::load {

void Phones::begin(Time due, Time now) {
    Call* call = stage_.calls.begin();
    if (call == nullptr) {
        ++stage_.tally.counts.not_begun;
        return;
    }
    ++stage_.tally.counts.begun;
    call->phone = next_;
    next_ = static_cast<std::uint16_t>((next_ + 1U) % stage_.options.phones);
    call->begun = due;
    send_invite(*call, now);
}

void Phones::begin_transfer(Call& replaced, Time now) {
    Call* call = stage_.calls.begin();
    if (call == nullptr) {  // the book has room for two of each
        ++stage_.tally.counts.not_begun;
        return;
    }
    ++stage_.tally.counts.begun;
    call->phone = static_cast<std::uint16_t>((replaced.phone + 1U) % stage_.options.phones);
    call->begun = now;
    call->replaces = replaced.number;
    replaced.replaced_by = call->number;
    stage_.wait_for_nothing(replaced, now);
    send_invite(*call, now);
}

void Phones::transmit(Call& call, const Text& text, Time& stamp) {
    stage_.transport.send(static_cast<PortIndex>(stage_.options.servers + call.phone), stage_.options.proxy,
                          text.size(), stamp);
}

void Phones::send_invite(Call& call, Time now) {
    Text text{stage_.transport.slot()};
    stage_.writer.invite(text, call, call.replaces != 0 ? stage_.calls.find(call.replaces) : nullptr);
    transmit(call, text, call.request_sent);
    stage_.wait(call, Call::Waits::invite, now);
}

void Phones::send_ack(Call& call) {
    Text text{stage_.transport.slot()};
    stage_.writer.ack(text, call);
    transmit(call, text, call.request_sent);
}

void Phones::send_bye(Call& call, Time now) {
    Text text{stage_.transport.slot()};
    stage_.writer.bye(text, call);
    transmit(call, text, call.request_sent);
    stage_.wait(call, Call::Waits::phone_bye, now);
}

void Phones::receive(std::uint16_t phone, const Address& from, const ReceivedMessage& message,
                     std::string_view bytes, Time now) {
    if (message.status == 0) return take_request(phone, from, message, bytes, now);
    Call* call = stage_.calls.find(message.call_number(stage_.calls.run()));
    if (call == nullptr) {
        ++stage_.tally.counts.late;
        stage_.fault_if(message.status >= 300, Fault::unexpected_status, bytes);
        return;
    }
    check(phone, *call, message, bytes);
    if (message.status >= 300) return stage_.faults.add(Fault::unexpected_status, bytes);
    // A proxy with transactions answers 100 by itself, before a server has.
    if (call->tries == 0 && call->response_sent != 0) stage_.tally.one_way.add(now - call->response_sent);
    if (message.method() == "INVITE") {
        stage_.fault_if(message.status != 200 && !message.body.empty(), Fault::body_changed, bytes);
        if (message.status < 200) {
            call->ringing = true;
        } else {
            stage_.fault_if(message.body != stage_.writer.sdp(), Fault::body_changed, bytes);
            take_ok(*call, message, now);
        }
    } else if (message.status >= 200 && call->waits == Call::Waits::phone_bye) {
        if (call->replaces != 0) ++stage_.tally.counts.transfers;
        stage_.complete(*call);
    }
}

void Phones::check(std::uint16_t phone, const Call& call, const ReceivedMessage& message,
                   std::string_view bytes) const {
    const auto& lower = stage_.writer.lower_vias();
    stage_.fault_if(phone != call.phone, Fault::wrong_phone, bytes);
    stage_.fault_if(message.vias.count != lower.size() + 1 ||
                        !message.vias[0].starts_with(stage_.writer.via_of(call.phone)),
                    Fault::via_not_stripped, bytes);
    for (std::size_t i = 0; i < lower.size(); ++i) {
        stage_.fault_if(message.vias[i + 1] != lower[i], Fault::lower_via_changed, bytes);
    }
}

void Phones::take_ok(Call& call, const ReceivedMessage& message, Time now) {
    if (call.answered) {  // a copy: its ACK got lost, or is under way
        send_ack(call);
        return;
    }
    call.answered = true;
    stage_.tally.set_up.add(now - call.begun);
    MessageWriter::keep_routes(call.phone_routes, message);
    send_ack(call);
    if (stage_.options.mode == Mode::calls) send_bye(call, now);
}

void Phones::take_request(std::uint16_t phone, const Address& from, const ReceivedMessage& request,
                          std::string_view bytes, Time now) {
    Call* call = stage_.calls.find(request.call_number(stage_.calls.run()));
    Text text{stage_.transport.slot()};
    stage_.writer.plain_answer(text, request, "SIP/2.0 200 OK\r\n");
    Time& stamp = call != nullptr ? call->response_sent : ignored_;
    stage_.transport.send(static_cast<PortIndex>(stage_.options.servers + phone), from, text.size(), stamp);
    if (call == nullptr) {
        ++stage_.tally.counts.late;
        return;
    }
    if (call->tries == 0) stage_.tally.one_way.add(now - call->request_sent);
    stage_.fault_if(phone != call->phone, Fault::wrong_phone, bytes);
    stage_.fault_if(request.method() != "BYE", Fault::unexpected_status, bytes);
    stage_.fault_if(
        request.vias.count != 2 || !request.vias[1].starts_with(stage_.writer.via_of_server(call->server)),
        Fault::via_not_added, bytes);
    stage_.fault_if(request.max_forwards != 69, Fault::max_forwards, bytes);
    stage_.fault_if(request.routes.count != 0, Fault::route_left, bytes);
}

}  // namespace sipsteer::load
