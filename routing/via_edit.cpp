#include "routing/via_edit.hpp"

#include "parser/chars.hpp"

namespace sipsteer {
namespace {

void replace(Splices& splices, std::string_view run, std::string_view text) noexcept {
    splices.replace(run.data(), run.data() + run.size(), text);
}

/// Copies of received and rport behind the first.
void remove_repeats(const ViaView& via, Splices& splices) noexcept {
    Cursor cursor{via.parameters};
    bool ok = true;
    Parameter parameter;
    while (next_via_parameter(cursor, parameter, ok)) {
        const bool source = iequals(parameter.name, "received") || iequals(parameter.name, "rport");
        const char* const at = parameter.whole.data();
        if (source && at != via.received_whole.data() && at != via.rport_whole.data())
            splices.remove(parameter.whole);
    }
}

}  // namespace

void note_source(const ViaView& via, const Endpoint& source, Splices& splices) noexcept {
    if (via.source_repeats) remove_repeats(via, splices);
    if (!via.has_rport && via.received_whole.empty()) {
        const auto sent_by = parse_ip(via.host);
        if (sent_by && *sent_by == source.address) return;
    }
    auto received = splices.text();
    received.add(";received=").add_ip(source.address);
    const bool there = !via.received_whole.empty();
    if (there) replace(splices, via.received_whole, received.view());
    if (via.has_rport) {
        auto rport = there ? splices.text() : received;
        replace(splices, via.rport_whole, rport.add(";rport=").add_number(source.port).view());
    } else if (!there) {
        splices.insert(via.value.data() + via.value.size(), received.view());
    }
}

}  // namespace sipsteer
