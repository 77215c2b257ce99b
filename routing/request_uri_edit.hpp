#pragma once

#include "parser/message_view.hpp"
#include "routing/decision.hpp"
#include "routing/splices.hpp"

namespace sipsteer {

/// Puts the R-URI that the edits ask for into the request line. Nothing to change: nothing is done.
void edit_request_uri(const MessageView& request, const RequestEdits& edits, Splices& splices) noexcept;

}  // namespace sipsteer
