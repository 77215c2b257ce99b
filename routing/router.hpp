#pragma once

#include "parser/message_view.hpp"
#include "routing/decision.hpp"
#include "routing/decision_steps.hpp"
#include "routing/dialog_reference.hpp"
#include "routing/message_hashes.hpp"
#include "routing/placement.hpp"
#include "routing/route_set.hpp"
#include "routing/snapshot.hpp"

namespace sipsteer {

/// Decides where a message goes: a pure function of message, source, snapshot and tables (round-robin
/// placement alone also takes a turn). Decides only; `apply` writes what the decision teaches.
/// Cheap to make: one for each message or batch. Everything passed in must outlive it.
class Router {
  public:
    Router(const Snapshot& snapshot, const PinTable& pins, const CallTable& calls,
           const BindingTable& bindings, const NextHops& hops, PlacementTurn& turn) noexcept
        : snapshot_(snapshot), pins_(pins), calls_(calls), bindings_(bindings), hops_(hops), turn_(turn) {}

    /// `message` was parsed without an error, `hashes` are its own. `effects`: what it teaches, in place of
    /// what stood there. `answer`: what an earlier Ask has brought. `steps`, when given, gets a line for each
    /// thing looked at.
    [[nodiscard]] RouteDecision decide(const MessageView& message, const MessageHashes& hashes,
                                       const Source& source, Seconds now, Effects& effects,
                                       const ProbeAnswer& answer = {},
                                       DecisionSteps* steps = nullptr) const noexcept;

    /// Has what decide() will most likely look up brought from memory meanwhile. Where its page is not at
    /// hand either the processor waits for that here, but for several messages at the same time.
    void prefetch(const MessageView& message, const MessageHashes& hashes,
                  const Source& source) const noexcept;

    /// What to do with a message whose parse failed: an answer when it can be answered, else a drop.
    [[nodiscard]] static RouteDecision decide_broken(const MessageView& message, ParseError error) noexcept;

  private:
    /// What every decision works on.
    struct Given {
        const MessageView& message;
        const Source& source;
        Seconds now;
        Effects& effects;
        const ProbeAnswer& answer;
        DecisionSteps* steps;
        const MessageHashes& hashes;

        void note(std::string_view what, std::string_view detail = {}) const {
            if (steps != nullptr) steps->add(what, detail);
        }
    };
    /// And the one about a request.
    struct Work : Given {
        SipUri uri{};  ///< the R-URI to go on with
        RouteSet routes{};
        std::optional<DialogReference> reference{};  ///< of an out-of-dialog request
    };

    // Requests (router.cpp)
    [[nodiscard]] RouteDecision decide_request(const Given& given) const noexcept;
    [[nodiscard]] RouteDecision route_request(Work& work) const noexcept;
    [[nodiscard]] std::optional<RouteDecision> refuse(const Work& work) const noexcept;
    [[nodiscard]] RouteDecision from_outside(const Work& work) const noexcept;
    [[nodiscard]] RouteDecision from_server(const Work& work) const noexcept;
    [[nodiscard]] RouteDecision in_dialog(const Work& work) const noexcept;
    [[nodiscard]] RouteDecision new_request(const Work& work) const noexcept;
    [[nodiscard]] RouteDecision place_new(const Work& work, RouteReason reason) const noexcept;
    [[nodiscard]] std::optional<ServerIndex> registrar(const Work& work) const noexcept;
    [[nodiscard]] bool is_for_us(const Work& work) const noexcept;

    // Transfers (router_transfer.cpp)
    [[nodiscard]] bool may_refer(const Source& source) const noexcept;
    /// A server and why it is taken for the owner.
    struct OwnerFound {
        ServerIndex server = 0;
        RouteReason reason = RouteReason::transfer_owner;
        bool rings = false;  ///< the dialog is early and the server is the callee
    };
    [[nodiscard]] std::optional<Owner> look_up(const Work& work) const noexcept;
    [[nodiscard]] std::optional<OwnerFound> find_owner(const Work& work) const noexcept;
    [[nodiscard]] bool calls_out(const Work& work) const noexcept;
    [[nodiscard]] bool waits_for_answer(const Work& work, const OwnerFound& found) const noexcept;
    [[nodiscard]] std::optional<RouteDecision> to_owner(const Work& work) const noexcept;
    [[nodiscard]] RouteDecision reject_transfer(const Work& work) const noexcept;
    [[nodiscard]] RouteDecision unmatched(const Work& work) const noexcept;
    [[nodiscard]] RouteDecision to_fallback(const Work& work) const noexcept;
    [[nodiscard]] RequestEdits transfer_edits(const Work& work, RouteReason reason) const noexcept;

    // Where to (router_forward.cpp)
    [[nodiscard]] RouteDecision to_server(const Work& work, ServerIndex server, RouteReason reason,
                                          const RequestEdits& edits = {}) const noexcept;
    [[nodiscard]] RouteDecision to_uri(const Work& work, RouteReason reason) const noexcept;
    [[nodiscard]] RouteDecision send(const Work& work, const Endpoint& next_hop,
                                     std::optional<ServerIndex> server, RouteReason reason,
                                     const RequestEdits& edits) const noexcept;
    /// `listener`: to send from.
    [[nodiscard]] RouteDecision send_from(const Work& work, ListenerIndex listener, const Endpoint& next_hop,
                                          std::optional<ServerIndex> server, RouteReason reason,
                                          const RequestEdits& edits) const noexcept;
    [[nodiscard]] RouteDecision forward(const Work& work, ListenerIndex listener, const Endpoint& next_hop,
                                        std::optional<ServerIndex> server, RouteReason reason,
                                        const RequestEdits& wanted) const noexcept;
    [[nodiscard]] bool usable(const Flow& flow) const noexcept;
    [[nodiscard]] RouteDecision by_flow(const Work& work, const Flow& flow, RouteReason reason,
                                        RequestEdits edits) const noexcept;
    [[nodiscard]] RouteDecision reply(const Work& work, std::uint16_t status, std::string_view phrase,
                                      RouteReason reason) const noexcept;
    [[nodiscard]] RouteDecision no_server(const Work& work) const noexcept;
    [[nodiscard]] std::uint64_t pin_key(const Work& work) const noexcept;
    /// As to_server; of an INVITE a pin remembers it.
    [[nodiscard]] RouteDecision pinned_to(const Work& work, ServerIndex server, RouteReason reason,
                                          const RequestEdits& edits = {}) const noexcept;
    [[nodiscard]] std::optional<RouteDecision> by_pin(const Work& work) const noexcept;

    // A name as next hop (router_name.cpp)
    struct NamedHop {
        std::uint64_t name = 0;
        NextHops::Found found;
        std::optional<Endpoint> endpoint;
        bool ask = false;  ///< DNS first
    };
    [[nodiscard]] NamedHop look_up_hop(const Work& work, const NextHopName& name) const noexcept;
    [[nodiscard]] std::optional<Endpoint> choose_address(const Work& work,
                                                         const NextHops::Found& found) const noexcept;
    [[nodiscard]] bool reachable(const Work& work, const Endpoint& endpoint) const noexcept;
    [[nodiscard]] std::uint64_t hop_call(const Work& work, std::uint64_t name) const noexcept;
    [[nodiscard]] RouteDecision to_name(const Work& work, const NextHopName& name, const NamedHop& hop,
                                        RouteReason reason, RequestEdits edits) const noexcept;
    [[nodiscard]] RouteDecision no_address(const Work& work, const NextHopName& name,
                                           const NextHops::Found& found) const noexcept;

    // Responses (router_response.cpp)
    [[nodiscard]] RouteDecision decide_response(const Given& given) const noexcept;
    [[nodiscard]] RouteDecision pass_back(const Given& given, std::optional<ServerId> origin,
                                          const Endpoint& target, ListenerIndex listener,
                                          ConnectionId connection) const noexcept;

    const Snapshot& snapshot_;
    const PinTable& pins_;
    const CallTable& calls_;
    const BindingTable& bindings_;
    const NextHops& hops_;
    PlacementTurn& turn_;
};

}  // namespace sipsteer
