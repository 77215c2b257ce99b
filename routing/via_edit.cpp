#include "routing/via_edit.hpp"

namespace sipsteer {
namespace {

void replace(Splices& splices, std::string_view run, std::string_view text) noexcept {
    splices.replace(run.data(), run.data() + run.size(), text);
}

}  // namespace

void note_source(const ViaView& via, const Endpoint& source, Splices& splices) noexcept {
    auto received = splices.text();
    received.add(";received=").add_ip(source.address);
    const std::string_view received_text = received.view();
    if (via.has_rport) {
        auto rport = splices.text();
        if (via.received_whole.empty()) rport.add(received_text);
        rport.add(";rport=").add_number(source.port);
        replace(splices, via.rport_whole, rport.view());
        if (!via.received_whole.empty()) replace(splices, via.received_whole, received_text);
        return;
    }
    if (!via.received_whole.empty()) {
        replace(splices, via.received_whole, received_text);
        return;
    }
    const auto sent_by = parse_ip(via.host);
    if (sent_by && *sent_by == source.address) return;
    splices.insert(via.value.data() + via.value.size(), received_text);
}

}  // namespace sipsteer
