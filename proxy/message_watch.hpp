#pragma once

#include "proxy/auth_refusals.hpp"
#include "proxy/decision_log.hpp"
#include "proxy/message_trace.hpp"
#include "proxy/pipeline.hpp"
#include "proxy/recent_calls.hpp"
#include "proxy/transfer_stories.hpp"

namespace sipsteer {

/// What operators can look up about single messages; one for the process, shared by all workers.
struct Watched {
    TransferStories transfers;
    MessageTrace trace;
    AuthRefusals refusals;
    RecentCalls calls;
};

/// Looks at each message of one worker once its outcome is known, and keeps or logs what operators want to
/// know of it. Most messages cost a few comparisons. References must outlive it.
class MessageWatch {
  public:
    MessageWatch(Watched& watched, const Tables& tables, const OpenConnections& connections)
        : watched_(watched), tables_(tables), connections_(connections) {}

    /// `message` is that of `incoming`. Held messages are looked at when they go on.
    void look(const Outcome& outcome, const Incoming& incoming, const MessageView& message,
              const Snapshot& snapshot, Seconds now);

  private:
    struct Look;
    void look_at(const Look& look);
    void forwarded_request(const Look& look);
    void forwarded_response(const Look& look);
    void refer(const Look& look);

    Watched& watched_;
    const Tables& tables_;
    const OpenConnections& connections_;
    DecisionLog log_;
};

}  // namespace sipsteer
