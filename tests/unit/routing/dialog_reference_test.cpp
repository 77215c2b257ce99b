#include "routing/dialog_reference.hpp"

#include <gtest/gtest.h>

#include "tests/unit/routing/sample.hpp"

namespace sipsteer {
namespace {

using sample::Draft;

std::string reference(const std::string& method, std::vector<std::string> headers,
                      const std::string& to_tag = "") {
    Draft draft;
    draft.start = method + " sip:bob@pbx.example.com SIP/2.0";
    draft.cseq = "CSeq: 1 " + method;
    draft.more = std::move(headers);
    if (!to_tag.empty()) draft.to += ";tag=" + to_tag;
    const sample::Message message = draft.message();
    const auto found = dialog_reference(message.view());
    if (!found) return std::string(to_string(found.error()));
    if (!*found) return "none";
    constexpr const char* kHeaders[] = {"replaces", "join", "target-dialog"};
    const Replaces& dialog = (*found)->dialog;
    return std::string(kHeaders[static_cast<int>((*found)->header)]) + " " + std::string(dialog.call_id) +
           " " + std::string(dialog.to_tag) + " " + std::string(dialog.from_tag);
}

const std::string kReplaces = "Replaces: r;to-tag=1;from-tag=2";
const std::string kJoin = "Join: j;to-tag=3;from-tag=4";
const std::string kTarget = "Target-Dialog: t;local-tag=5;remote-tag=6";

TEST(DialogReference, IsReadWhereItMeansSomething) {
    const struct {
        const char* method;
        std::vector<std::string> headers;
        const char* to_tag;
        const char* expected;
    } kCases[] = {
        {"INVITE", {}, "", "none"},
        {"INVITE", {kReplaces}, "", "replaces r 1 2"},
        {"INVITE", {kJoin}, "", "join j 3 4"},
        {"INVITE", {kTarget}, "", "target-dialog t 6 5"},
        {"REFER", {kTarget}, "", "target-dialog t 6 5"},
        {"SUBSCRIBE", {kTarget}, "", "target-dialog t 6 5"},
        {"INVITE", {kReplaces}, "x", "none"},  // in a dialog: Route and R-URI win (requirement 69)
        {"REFER", {kTarget}, "x", "none"},
        {"OPTIONS", {kReplaces}, "", "none"},
        {"REFER", {kReplaces}, "", "none"},
        {"MESSAGE", {kTarget}, "", "none"},
        {"BYE", {kJoin, kReplaces}, "", "none"},
        // Never a choice of one (requirement 67).
        {"INVITE", {kReplaces, kReplaces}, "", "bad_replaces"},
        {"INVITE", {kReplaces, kJoin}, "", "bad_replaces"},
        {"INVITE", {kJoin, kReplaces}, "", "bad_replaces"},
        {"INVITE", {kJoin, kJoin}, "", "bad_replaces"},
        {"SUBSCRIBE", {kTarget, kTarget}, "", "bad_replaces"},
        {"INVITE", {kReplaces + ", r;to-tag=1;from-tag=2"}, "", "bad_replaces"},
        {"INVITE", {"Replaces: r;to-tag=1"}, "", "bad_replaces"},
        {"INVITE", {"Replaces:"}, "", "bad_replaces"},
        {"INVITE", {"Replaces: r;local-tag=1;remote-tag=2"}, "", "bad_replaces"},
        {"INVITE", {kReplaces, kTarget}, "", "replaces r 1 2"},
        {"ACK", {kReplaces}, "", "none"},
        {"CANCEL", {kReplaces}, "", "none"},
    };
    for (const auto& c : kCases) EXPECT_EQ(reference(c.method, c.headers, c.to_tag), c.expected) << c.method;
}

}  // namespace
}  // namespace sipsteer
