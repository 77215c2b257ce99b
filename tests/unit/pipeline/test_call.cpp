#include "test_call.hpp"

namespace sipsteer::test {
namespace {

std::string phone_address(Dice& dice) {
    return "192.0." + std::to_string(2 + dice.below(50)) + "." + std::to_string(1 + dice.below(250)) + ":" +
           std::to_string(1024 + dice.below(60000));
}

}  // namespace

TestCall TestCall::from_phone(Dice& dice) {
    TestCall call;
    call.call_id = dice.word(12) + (dice.one_in(2) ? "@" + dice.word(6) : "");
    call.from_tag = dice.word();
    call.branch = "z9hG4bK" + dice.word(10);
    call.source = phone_address(dice);
    call.from_user = dice.word(3);
    return call;
}

TestCall TestCall::from_server(Dice& dice, std::string_view server) {
    TestCall call = from_phone(dice);
    call.source = server;
    call.request_uri = "sip:" + dice.word(4) + "@" + phone_address(dice);
    return call;
}

std::string TestCall::request(std::string_view method, unsigned cseq, std::string_view more) const {
    std::string text;
    text.append(method)
        .append(" ")
        .append(request_uri)
        .append(" SIP/2.0\r\nVia: SIP/2.0/UDP ")
        .append(source);
    text.append(";branch=").append(branch).append(";rport\r\nMax-Forwards: 70\r\n");
    if (!routes.empty()) text.append("Route: ").append(routes).append("\r\n");
    text.append("From: <sip:").append(from_user).append("@example.com>;tag=").append(from_tag);
    text.append("\r\nTo: <sip:carol@example.com>");
    if (!to_tag.empty()) text.append(";tag=").append(to_tag);
    text.append("\r\nCall-ID: ")
        .append(call_id)
        .append("\r\nCSeq: ")
        .append(std::to_string(cseq))
        .append(" ");
    return text.append(method).append("\r\n").append(more).append("\r\n");
}

std::string source_of_answer(std::string_view request) {
    const std::size_t at = request.find('@') + 1;
    return "udp:" + std::string{request.substr(at, request.find(' ', at) - at)};
}

std::vector<std::string> header_values(std::string_view message, std::string_view name) {
    std::vector<std::string> values;
    const std::string start = "\r\n" + std::string{name} + ": ";
    const std::string_view headers = message.substr(0, message.find("\r\n\r\n") + 2);
    for (std::size_t at = headers.find(start); at != std::string_view::npos; at = headers.find(start, at)) {
        at += start.size();
        values.emplace_back(headers.substr(at, headers.find("\r\n", at) - at));
    }
    return values;
}

std::string branch_of(std::string_view message) {
    const std::string via = header_values(message, "Via").at(0);
    const std::size_t at = via.find("branch=") + 7;
    return via.substr(at, via.find(';', at) - at);
}

std::string answer(std::string_view request, int status, std::string_view to_tag, std::string_view more) {
    std::string text = "SIP/2.0 " + std::to_string(status) + " Answer\r\n";
    const auto copy = [&](std::string_view name) {
        for (const std::string& value : header_values(request, name)) {
            text.append(name).append(": ").append(value).append("\r\n");
        }
    };
    copy("Via");
    copy("Record-Route");
    copy("From");
    text.append("To: ").append(header_values(request, "To").at(0));
    if (text.find(";tag=", text.rfind("To: ")) == std::string::npos) text.append(";tag=").append(to_tag);
    text.append("\r\n");
    copy("Call-ID");
    copy("CSeq");
    return text.append(more).append("\r\n");
}

std::string replaces(const TestCall& call, bool called) {
    const std::string& local = called ? call.to_tag : call.from_tag;
    const std::string& remote = called ? call.from_tag : call.to_tag;
    return "Replaces: " + call.call_id + ";to-tag=" + local + ";from-tag=" + remote + "\r\n";
}

}  // namespace sipsteer::test
