#pragma once

#include "parser/message_view.hpp"
#include "routing/decision.hpp"
#include "routing/snapshot.hpp"

namespace sipsteer {

/// What a server's answer to a REGISTER teaches: a 2xx lists all that is bound now (RFC 3261 §10.3 step
/// 8), so the longest lived Contact says how long the user is to be found at `registrar`; with none left
/// he is not. Precondition: the response is a server's, under our valid branch.
void observe_registration(const Snapshot& snapshot, const MessageView& response, ServerId registrar,
                          Effects& effects) noexcept;

}  // namespace sipsteer
