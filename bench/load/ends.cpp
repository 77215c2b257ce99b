#include "bench/load/ends.hpp"

namespace sipsteer::load {

void Ends::receive(PortIndex port, const Address& from, std::string_view bytes, Time now) {
    if (!message_.read(bytes)) {
        stage_.faults.add(Fault::not_sip, bytes);
        return;
    }
    // The proxy's own question to a server is no message that it forwards.
    if (message_.status != 0 || message_.method() != "OPTIONS") {
        ++stage_.tally.counts.messages;
        stage_.tally.counts.bytes += bytes.size();
    }
    if (port < stage_.options.servers) {
        servers_.receive(port, from, message_, bytes, now);
    } else {
        phones_.receive(static_cast<std::uint16_t>(port - stage_.options.servers), from, message_, bytes,
                        now);
    }
}

}  // namespace sipsteer::load
